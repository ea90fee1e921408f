/** Writes an image into a `dir:` directory; the old one stays readable until the new one is whole. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobIdentity, BlobUpload, StoredBlob } from '../../image/blob.ts';
import { digestHex, type Digest } from '../../image/digest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  DOCKER_V1_SIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../image/media-types.ts';
import { encodeSignature, type Signature } from '../../image/signature.ts';
import { OcipushError } from '../../errors.ts';
import { withFileLock, type FileLock } from '../../io/file-lock.ts';
import { unwritable } from '../destination-error.ts';
import { FileStore } from '../file-store.ts';
import type {
  BlobPreview,
  DestinationCapabilities,
  ImageDestination,
  ImageReference,
  RawManifest,
  SignatureStore,
  TransportContext,
} from '../transport.ts';
import { wholeImageDigest } from '../whole-image.ts';
import {
  isImageFile,
  isSignature,
  openDirectory,
  signatureName,
  STEM,
  VERSION,
} from './directory.ts';
import { openDirSource } from './source.ts';

const CAPABILITIES: DestinationCapabilities = {
  manifestTypes: [
    OCI_MANIFEST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    DOCKER_LIST,
    DOCKER_V1_SIGNED,
    DOCKER_V1,
  ],
  layerCompression: 'preserve',
  acceptsForeignLayers: false,
};

export function openDirDestination(
  reference: ImageReference,
  path: string,
  context: TransportContext,
): ImageDestination {
  const files = new FileStore(path, { stem: STEM, signal: context.signal });
  return new DirDestination(reference, files, context);
}

class DirDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly capabilities = CAPABILITIES;
  readonly signatures: SignatureStore = {
    place: 'in-image',
    formats: ['simple-signing', 'sigstore'],
    check: () => Promise.resolve(),
    existing: () => Promise.resolve([]),
    put: async (signatures, _manifest, instance) => this.#putSignatures(signatures, instance),
  };
  readonly #files: FileStore;
  readonly #context: TransportContext;
  readonly #blobs = new Map<string, BlobIdentity>();
  readonly #instances = new Set<string>();
  readonly #signatures = new Map<string, Uint8Array>();
  #manifest: RawManifest | undefined;

  constructor(reference: ImageReference, files: FileStore, context: TransportContext) {
    this.reference = reference;
    this.#files = files;
    this.#context = context;
  }

  /** Signatures that are there may be others than those that come: such an image is written anew. */
  async currentDigest(): Promise<Digest | undefined> {
    if ((await namesIn(this.#files.root)).some(isSignature)) return undefined;
    return wholeImageDigest(
      () => openDirSource(this.reference, this.#files.root),
      ({ digest, size }) => this.#files.has(digestHex(digest), size),
    );
  }

  previewBlob(blob: BlobUpload): Promise<BlobPreview> {
    return this.#files.preview(blob, digestHex);
  }

  /** @throws OcipushError FILE_UNWRITABLE, also for a directory that holds anything but an image */
  async begin(): Promise<void> {
    const isNew = await openDirectory(this.#files.root);
    await this.#files.removeAbandoned(this.#context.warn);
    if (isNew) await this.#files.put('version', VERSION);
  }

  async putBlob(blob: BlobUpload): Promise<StoredBlob> {
    const stored = await this.#files.putBlob(blob, digestHex);
    this.#blobs.set(digestHex(stored.digest), stored);
    return stored;
  }

  /** The manifest that is the image waits for {@link commit}: as soon as it is there it is read. */
  async putManifest(manifest: RawManifest, instance?: Digest): Promise<void> {
    if (instance === undefined) {
      this.#manifest = manifest;
      return;
    }
    const name = `${digestHex(instance)}.manifest.json`;
    await this.#files.put(name, manifest.bytes);
    this.#instances.add(name);
  }

  async commit(): Promise<void> {
    const { root } = this.#files;
    const { signal, registry } = this.#context;
    const manifest = this.#manifest;
    if (manifest === undefined) throw new TypeError('there is no manifest to commit');
    try {
      const lock = join(root, `${STEM}.lock`);
      await withFileLock(lock, { clock: registry.clock, signal }, (held) =>
        this.#replace(manifest, held),
      );
    } catch (error) {
      throw unwritable(error, `writing ${join(root, 'manifest.json')}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }

  #putSignatures(signatures: readonly Signature[], instance: Digest | undefined): void {
    for (const [index, signature] of signatures.entries()) {
      this.#signatures.set(signatureName(index + 1, instance), encodeSignature(signature));
    }
  }

  /**
   * The old signatures go first, for they must never stand beside a manifest that they do not sign;
   * then the new image takes the place of the old one in one step, and its signatures come, and the
   * other files of the old one go last.
   */
  async #replace(manifest: RawManifest, lock: FileLock): Promise<void> {
    await this.#checkFiles();
    const old = (await readdir(this.#files.root)).filter((name) => !this.#isOurs(name));
    await this.#remove(old.filter(isSignature));
    const isPut = await this.#files.put('manifest.json', manifest.bytes, () => lock.isHeld());
    if (!isPut) throw replacedMeanwhile();
    for (const [name, signature] of this.#signatures) await this.#files.put(name, signature);
    await this.#remove(old.filter((name) => isImageFile(name) && !isSignature(name)));
  }

  /** Another push into the same directory may have taken our files for those of its old image. */
  async #checkFiles(): Promise<void> {
    const names = new Set(await readdir(this.#files.root));
    const all = [...this.#blobs.keys(), ...this.#instances];
    if (!all.every((name) => names.has(name))) throw replacedMeanwhile();
  }

  #isOurs(name: string): boolean {
    return this.#blobs.has(name) || this.#instances.has(name);
  }

  async #remove(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.#files.root, name), { force: true });
  }
}

/** None where there is no directory that can be read: writing to it will say so. */
async function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => []);
}

function replacedMeanwhile(): OcipushError {
  return new OcipushError('FILE_UNWRITABLE', 'another push replaced the image at the same time', {
    origin: 'destination',
    hint: 'push one image at a time into a directory',
    retryable: true,
  });
}
