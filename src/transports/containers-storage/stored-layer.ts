/** Finds the layers of an image in the storage, and what each can be rebuilt from. */
import { join } from 'node:path';
import type { Digest } from '../../image/digest.ts';
import { OcipushError } from '../../errors.ts';
import { statPath } from '../../io/file-reader.ts';
import { DAMAGED_HINT } from '../source-error.ts';
import type { LayerFiles } from './rebuild.ts';
import type { LayerRecord } from './records.ts';
import type { StorageView } from './store.ts';
import { tarSplitSize } from './tar-split.ts';

/** A layer as it will be delivered: uncompressed. */
export interface StoredLayer {
  readonly diffID: Digest;
  /** Bytes of the tar. */
  readonly size: number;
  readonly files: LayerFiles;
}

/** The record of a layer, and where its files may be. */
interface FoundLayer {
  readonly record: LayerRecord;
  /** The store with the record first: with an image store, the files are in another one. */
  readonly roots: readonly string[];
}

const SAVE_HINT = 'podman save may still write an archive of it, which can be pushed';

/**
 * The layers under and including `top`, base first; none without a top.
 * @throws OcipushError BLOB_UNKNOWN, UNSUPPORTED naming the layer and why it cannot be rebuilt
 */
export async function findLayers(
  view: StorageView,
  top: string | undefined,
): Promise<readonly StoredLayer[]> {
  const chain = chainOf(view, top);
  const directories = await Promise.all(chain.map((layer) => findFiles(view, layer)));
  const layers = await Promise.all(
    chain.map((layer, index) => {
      const end = view.driver.stacked ? chain.length : index + 1;
      return locate(view, layer, directories.slice(index, end));
    }),
  );
  return layers.toReversed();
}

/** Newest first. */
function chainOf({ stores }: StorageView, top: string | undefined): readonly FoundLayer[] {
  const chain = new Map<string, FoundLayer>();
  for (let id = top; id !== undefined; id = chain.get(id)?.record.parent) {
    if (chain.has(id)) throw incomplete(id, 'it is among its own parents');
    const store = stores.find(({ layers }) => layers.has(id ?? ''));
    const record = store?.layers.get(id);
    if (store === undefined || record === undefined) throw incomplete(id, 'layer not known');
    if (record.incomplete) throw incomplete(id, 'it was left incomplete when it was written');
    const others = stores.filter((each) => each !== store);
    chain.set(id, { record, roots: [store, ...others].map(({ root }) => root) });
  }
  return [...chain.values()];
}

/** The directory with the layer's own files. */
async function findFiles({ driver }: StorageView, layer: FoundLayer): Promise<string> {
  const { record, roots } = layer;
  for (const root of roots) {
    const directory = driver.filesOf(root, record.id);
    if (!(await statPath(directory))) continue;
    const composefs = driver.composefsOf(root, record.id);
    if (composefs === undefined || !(await statPath(composefs))) return directory;
    throw unsupported(record.id, 'it is kept as composefs');
  }
  throw incomplete(record.id, 'its files are missing');
}

/** @param directories of the layer and its parents */
async function locate(
  { driver }: StorageView,
  { record, roots }: FoundLayer,
  directories: readonly string[],
): Promise<StoredLayer> {
  if (record.diffID === undefined) throw unsupported(record.id, 'its diff digest is not known');
  const name = join(`${driver.name}-layers`, `${record.id}.tar-split.gz`);
  const tarSplit = await firstThere(roots.map((root) => join(root, name)));
  if (tarSplit === undefined) throw unsupported(record.id, 'its tar-split file is missing');
  return {
    diffID: record.diffID,
    size: record.size ?? (await tarSplitSize(tarSplit)),
    files: { tarSplit, directories },
  };
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await statPath(path)) return path;
  }
  return undefined;
}

function incomplete(layer: string, reason: string): OcipushError {
  return new OcipushError('BLOB_UNKNOWN', `reading layer ${layer}: ${reason}`, {
    origin: 'source',
    hint: DAMAGED_HINT,
  });
}

function unsupported(layer: string, reason: string): OcipushError {
  return new OcipushError('UNSUPPORTED', `rebuilding layer ${layer}: ${reason}`, {
    origin: 'source',
    hint: SAVE_HINT,
  });
}
