/** Reads what container storage holds, while others may be changing it; nothing is ever written. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorageConf } from '../../config/storage-conf.ts';
import { OcipushError } from '../../errors.ts';
import { MIB } from '../../io/bytes.ts';
import { readSmallFile, statPath } from '../../io/file-reader.ts';
import { isAbsent } from '../../io/system-error.ts';
import { findDriver, type Driver } from './driver.ts';
import { parseImages, parseLayers, type ImageRecord, type LayerRecord } from './records.ts';

/** One place with images and layers: the graph root, the image store, or an additional one. */
export interface Store {
  readonly root: string;
  readonly images: readonly ImageRecord[];
  readonly layers: ReadonlyMap<string, LayerRecord>;
}

/** All that the storage holds at one moment. */
export interface StorageView {
  readonly driver: Driver;
  /** In the order in which they are asked; the first is the one that new images go to. */
  readonly stores: readonly Store[];
}

/** Bytes of images.json and layers.json; those of thousands of images have a few MiB. */
const LIST_LIMIT = 64 * MIB;

/** Bytes at the start of a lock file that change with every change of what it protects. */
const TOKEN_LENGTH = 64;

/** Node cannot take the locks of the reference: it looks again when it was disturbed. */
const MAX_LOOKS = 5;

/**
 * What the task makes of a view of the storage that was true from its first to its last moment.
 * @throws OcipushError UNSUPPORTED for a driver that is not ours, or what the task throws
 */
export async function viewStorage<T>(
  conf: StorageConf,
  task: (view: StorageView) => Promise<T>,
): Promise<T> {
  const driver = await findDriver(conf);
  const roots = [conf.imageStore, conf.graphRoot, ...conf.additionalImageStores];
  const places = [...new Set(roots.filter((root) => root !== undefined))];
  for (let look = 1; ; look += 1) {
    const before = await readTokens(places, driver);
    let outcome: () => T;
    try {
      const stores = await Promise.all(places.map((root) => readStore(root, driver)));
      const result = await task({ driver, stores });
      outcome = () => result;
    } catch (error) {
      outcome = () => {
        throw error;
      };
    }
    if (before === (await readTokens(places, driver))) return outcome();
    if (look === MAX_LOOKS) throw tooBusy();
  }
}

/** Images first: a layer is there before its image, and as long as it. */
async function readStore(root: string, { name }: Driver): Promise<Store> {
  const read = async <R>(
    kind: string,
    parse: (bytes: Uint8Array, file: string) => readonly R[],
  ): Promise<readonly R[]> => {
    const file = join(root, `${name}-${kind}`, `${kind}.json`);
    return (await statPath(file)) ? parse(await readSmallFile(file, LIST_LIMIT), file) : [];
  };
  const images = await read('images', parseImages);
  const layers = await read('layers', parseLayers);
  return { root, images, layers: new Map(layers.map((layer) => [layer.id, layer])) };
}

async function readTokens(roots: readonly string[], { name }: Driver): Promise<string> {
  const locks = ['images', 'layers'].flatMap((kind) =>
    roots.map((root) => join(root, `${name}-${kind}`, `${kind}.lock`)),
  );
  return (await Promise.all(locks.map(readToken))).join();
}

/** Empty where there is no lock file; a store that cannot be entered says so when it is read. */
async function readToken(path: string): Promise<string> {
  const handle = await open(path).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw noAccess(path, error);
  });
  if (handle === undefined) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(TOKEN_LENGTH), 0, TOKEN_LENGTH, 0);
    return buffer.toString('hex', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function noAccess(path: string, cause: unknown): OcipushError {
  return new OcipushError(
    'FILE_UNREADABLE',
    `opening the container storage: ${path}: permission denied`,
    {
      origin: 'source',
      hint: 'push as the user who owns the storage',
      cause,
    },
  );
}

function tooBusy(): OcipushError {
  return new OcipushError(
    'FILE_UNREADABLE',
    'reading the container storage: it changes too often',
    {
      origin: 'source',
      hint: 'try again when nothing else builds, pulls or removes images',
      retryable: true,
    },
  );
}
