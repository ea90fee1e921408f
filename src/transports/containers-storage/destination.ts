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
import { createLimiter } from '../../io/limiter.ts';
import { makeTemporaryDirectory } from '../../io/temporary-directory.ts';
import { unwritable } from '../destination-error.ts';
import { STEM, VERSION } from '../dir/directory.ts';
import { FileStore } from '../file-store.ts';
import type {
  BlobPreview,
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

/** Two podmans before 5 that pull one image at a time lose the names of each other. */
const oneAtATime = createLimiter(1);

const CAPABILITIES: DestinationCapabilities = {
  manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST],
  layerCompression: 'preserve',
  acceptsForeignLayers: false,
  unpacksLayers: true,
};

/** @throws OcipushError UNSUPPORTED without a delegate */
export async function openStorageDestination(
  reference: ImageReference,
  target: StorageTarget,
  context: TransportContext,
): Promise<ImageDestination> {
  const delegate = await findDelegate(target, context.environment);
  return new StorageDestination({ reference, target, delegate, context });
}

/** Where the image waits to be copied. */
interface Workplace extends AsyncDisposable {
  readonly paths: Paths;
  readonly files: FileStore;
}

interface Paths {
  readonly image: string;
  readonly temporary: string;
  readonly policy: string;
  readonly log: string;
}

async function makeWorkplace({
  temporaryDirectory,
  signal,
  warn,
}: TransportContext): Promise<Workplace> {
  // What other users left in a directory that all share is theirs to remove.
  const stem = `ocipush-storage-${process.geteuid?.() ?? 0}`;
  const directory = await makeTemporaryDirectory(temporaryDirectory, stem, warn);
  return disposeOnFailure(directory, async () => {
    const paths = await prepare(directory.path);
    const files = new FileStore(paths.image, { stem: STEM, signal, durable: false });
    const dispose = async (): Promise<void> => {
      await files[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    };
    return { paths, files, [Symbol.asyncDispose]: dispose };
  });
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
  readonly context: TransportContext;
}

class StorageDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly capabilities: DestinationCapabilities;
  readonly #opened: OpenedStorage;
  #workplace: Workplace | undefined;
  #id: string | undefined;

  constructor(opened: OpenedStorage) {
    const { reference, target } = opened;
    this.reference = reference;
    this.capabilities = { ...CAPABILITIES, requiredDigest: target.named?.digest };
    this.#opened = opened;
  }

  currentDigest(): Promise<Digest | undefined> {
    return digestAt(this.#opened.target, this.#opened.context);
  }

  previewBlob(): Promise<BlobPreview> {
    return Promise.resolve({ how: 'uploaded', requests: 0 });
  }

  async begin(): Promise<void> {
    const { context } = this.#opened;
    this.#workplace = await makeWorkplace(context).catch((error: unknown) => {
      throw unwritable(error, `writing to ${context.temporaryDirectory}`);
    });
  }

  putBlob(blob: BlobUpload): Promise<StoredBlob> {
    return this.#begun.files.putBlob(blob, digestHex);
  }

  async putManifest({ bytes, mediaType }: RawManifest, instance?: Digest): Promise<void> {
    if (instance !== undefined) throw new TypeError('one image at a time goes into storage');
    const id = digestHex(parseImageManifest(bytes, mediaType).config.digest);
    const wanted = this.#opened.target.id;
    if (wanted !== undefined && wanted !== id) throw otherImage(wanted, id);
    const { files } = this.#begun;
    await files.put('version', VERSION);
    await files.put('manifest.json', bytes);
    this.#id = id;
  }

  commit(): Promise<void> {
    return oneAtATime(() => this.#delegate());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#workplace?.[Symbol.asyncDispose]();
  }

  async #delegate(): Promise<void> {
    const { delegate, target, context, reference } = this.#opened;
    const { paths } = this.#begun;
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

  get #begun(): Workplace {
    if (this.#workplace === undefined) throw new TypeError('the destination was not begun');
    return this.#workplace;
  }
}

function otherImage(wanted: string, id: string): OcipushError {
  return new OcipushError(
    'DIGEST_MISMATCH',
    `the destination is for the image with the ID ${wanted}, but this one has the ID ${id}`,
    { origin: 'usage', hint: 'leave the ID out, or write that of this image' },
  );
}
