/** Writes an image into container storage by way of a directory, which skopeo or podman copies. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import type { BlobUpload, StoredBlob } from '../../image/blob.ts';
import { digestHex, type Digest } from '../../image/digest.ts';
import { parseImageManifest } from '../../image/manifest.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../../image/media-types.ts';
import { OcipushError, wrapError } from '../../errors.ts';
import { disposeOnFailure } from '../../io/disposal.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../io/temporary-directory.ts';
import { unwritable } from '../destination-error.ts';
import { STEM, VERSION } from '../dir/directory.ts';
import { FileStore } from '../file-store.ts';
import type {
  DestinationCapabilities,
  ImageDestination,
  ImageReference,
  RawManifest,
  TransportContext,
} from '../transport.ts';
import { findDelegate, type Delegate } from './delegate.ts';
import { runDelegate } from './delegate-run.ts';
import { digestAt, type StorageTarget } from './target.ts';

/**
 * What the delegate copies is our own directory. The image comes from elsewhere, and whether it may
 * be pushed is decided there: the policy for `dir:` has nothing to say about it.
 */
const POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}';

const CAPABILITIES: DestinationCapabilities = {
  manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST],
  layerCompression: 'preserve',
  acceptsForeignLayers: false,
};

/** @throws OcipushError UNSUPPORTED without a delegate, FILE_UNWRITABLE */
export async function openStorageDestination(
  reference: ImageReference,
  target: StorageTarget,
  context: TransportContext,
): Promise<ImageDestination> {
  const delegate = await findDelegate(target, context.environment);
  const place = context.temporaryDirectory;
  // What other users left in a directory that all share is theirs to remove.
  const stem = `ocipush-storage-${process.geteuid?.() ?? 0}`;
  try {
    const directory = await makeTemporaryDirectory(place, stem, context.warn);
    return await disposeOnFailure(directory, async () => {
      const paths = await prepare(directory.path);
      return new StorageDestination({ reference, target, delegate, directory, paths, context });
    });
  } catch (error) {
    throw unwritable(error, `writing to ${place}`);
  }
}

/** What is in the temporary directory. */
interface Paths {
  readonly image: string;
  readonly temporary: string;
  readonly policy: string;
  readonly log: string;
}

async function prepare(root: string): Promise<Paths> {
  const at = (name: string): string => join(root, name);
  const paths = { image: at('image'), temporary: at('tmp'), policy: at('policy'), log: at('log') };
  await mkdir(paths.image);
  await mkdir(paths.temporary);
  await writeFile(paths.policy, POLICY);
  return paths;
}

interface OpenedStorage {
  readonly reference: ImageReference;
  readonly target: StorageTarget;
  readonly delegate: Delegate;
  /** Becomes the destination's, which removes it. */
  readonly directory: TemporaryDirectory;
  readonly paths: Paths;
  readonly context: TransportContext;
}

class StorageDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly capabilities: DestinationCapabilities;
  readonly #opened: OpenedStorage;
  readonly #files: FileStore;
  #id: string | undefined;

  constructor(opened: OpenedStorage) {
    const { reference, target, paths, context } = opened;
    this.reference = reference;
    this.capabilities = { ...CAPABILITIES, requiredDigest: target.named?.digest };
    this.#opened = opened;
    const { signal } = context;
    this.#files = new FileStore(paths.image, { stem: STEM, signal, durable: false });
  }

  currentDigest(): Promise<Digest | undefined> {
    return digestAt(this.#opened.target, this.#opened.context.environment);
  }

  putBlob(blob: BlobUpload): Promise<StoredBlob> {
    return this.#files.putBlob(blob, digestHex);
  }

  async putManifest({ bytes, mediaType }: RawManifest, instance?: Digest): Promise<void> {
    if (instance !== undefined) throw new TypeError('one image at a time goes into storage');
    const id = digestHex(parseImageManifest(bytes, mediaType).config.digest);
    const wanted = this.#opened.target.id;
    if (wanted !== undefined && wanted !== id) throw otherImage(wanted, id);
    await this.#files.put('version', VERSION);
    await this.#files.put('manifest.json', bytes);
    this.#id = id;
  }

  async commit(): Promise<void> {
    const { delegate, target, paths, context, reference } = this.#opened;
    if (this.#id === undefined) throw new TypeError('there is no manifest to commit');
    const copy = { ...paths, id: this.#id, target };
    const environment = delegate.environmentFor(copy, context.environment);
    try {
      for (const args of delegate.argumentsFor(copy)) {
        const run = { program: delegate.path, args, environment, log: paths.log };
        await runDelegate(run, context.signal);
      }
    } catch (error) {
      const attempt = `copying to ${reference.toString()} with ${delegate.name}`;
      throw wrapError(error, attempt, { code: 'FILE_UNWRITABLE', origin: 'destination' });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
    await this.#opened.directory[Symbol.asyncDispose]();
  }
}

function otherImage(wanted: string, id: string): OcipushError {
  return new OcipushError(
    'DIGEST_MISMATCH',
    `the destination is for the image with the ID ${wanted}, but this one has the ID ${id}`,
    { origin: 'usage', hint: 'leave the ID out, or write that of this image' },
  );
}
