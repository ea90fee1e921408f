/** Reads an image out of container storage. */
import type { StorageConf } from '../../config/storage-conf.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { NamedReference } from '../../image/docker-reference.ts';
import type { Signature } from '../../image/signature.ts';
import { OcipushError } from '../../errors.ts';
import { clampRange, single, slice, type ByteRange, type ByteStream } from '../../io/bytes.ts';
import { readFileStream } from '../../io/file-reader.ts';
import { namedBlob } from '../source-error.ts';
import type { ImageReference, ImageSource, RawManifest, TransportContext } from '../transport.ts';
import { hasBigData, MANIFEST_KEY } from './big-data.ts';
import { findManifest, type StoredImage } from './image-lookup.ts';
import { LayerReader } from './layer-reader.ts';
import { DistantInstances } from './distant-instances.ts';
import type { FoundImage } from './local-name.ts';
import { viewStorage, type StorageView } from './store.ts';
import { openStoredArtifact } from './stored-artifacts.ts';
import {
  hasStoredSignatures,
  openStoredImage,
  type BlobPlace,
  type OpenedImage,
} from './stored-image.ts';

/** What is to be opened. */
export interface StorageRequest {
  readonly reference: ImageReference;
  readonly conf: StorageConf;
  /** Finds the image, and which of its manifests is wanted. */
  readonly find: (view: StorageView) => FoundImage & { readonly digest?: Digest | undefined };
}

/** @throws OcipushError SOURCE_NOT_FOUND, BLOB_UNKNOWN, UNSUPPORTED, MANIFEST_INVALID */
export function openStorageSource(
  { reference, conf, find }: StorageRequest,
  context: TransportContext,
): Promise<ImageSource> {
  return viewStorage(conf, async (view) => {
    const { image, name, digest } = find(view);
    const opened = await openStoredImage(view, image, digest);
    return new StorageSource({ reference, conf, opened, name }, context);
  });
}

interface OpenedStorage {
  readonly reference: ImageReference;
  readonly conf: StorageConf;
  readonly opened: OpenedImage;
  readonly name: NamedReference | undefined;
}

class StorageSource implements ImageSource {
  readonly reference: ImageReference;
  /** As in podman: what is in the storage was judged when it came there, or was made here. */
  readonly policyIdentity = undefined;
  readonly resolvedName?: NamedReference;
  readonly #conf: StorageConf;
  readonly #top: OpenedImage;
  readonly #layers: LayerReader;
  readonly #distant: DistantInstances;
  /** The image itself, or what has been opened of a list. */
  readonly #opened = new Map<Digest, OpenedImage>();

  constructor({ reference, conf, opened, name }: OpenedStorage, context: TransportContext) {
    this.reference = reference;
    if (name !== undefined) this.resolvedName = name;
    this.#conf = conf;
    this.#top = opened;
    this.#layers = new LayerReader(context);
    this.#distant = new DistantInstances(opened.image, context);
  }

  async getManifest(instance?: Descriptor): Promise<RawManifest> {
    if (instance === undefined) return this.#top.manifest;
    const stored = await this.#instance(instance);
    const manifest = stored?.manifest ?? (await this.#distant.manifest(instance));
    if (manifest !== undefined) return manifest;
    throw new OcipushError(
      'BLOB_UNKNOWN',
      `the instance ${instance.digest} of the list is not in the storage`,
      {
        origin: 'source',
        hint: 'pull it into the storage first, or push the list from where all its instances are',
      },
    );
  }

  getBlob(descriptor: Descriptor, range?: ByteRange): ByteStream {
    const { digest } = descriptor;
    const elsewhere = this.#distant.ownerOf(digest);
    const isStored = elsewhere === undefined || this.#placeOf(digest) !== undefined;
    if (!isStored) return elsewhere.getBlob(descriptor, range);
    return namedBlob(digest, () => this.#readBlob(digest, range));
  }

  /** What was signed are the layers as they were pulled, which the storage has not kept. */
  async getSignatures(manifest: RawManifest, instance?: Descriptor): Promise<readonly Signature[]> {
    const stored = instance && (await this.#instance(instance));
    if (instance && !stored) return this.#distant.signatures(manifest, instance);
    if (!this.#isSigned(stored, instance)) return [];
    throw new OcipushError(
      'UNSUPPORTED',
      'Copying this image would require changing layer representation, which we cannot do: "Would invalidate signatures"',
      { origin: 'source', hint: 'push without the signatures: --remove-signatures' },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#distant[Symbol.asyncDispose]();
  }

  #isSigned(stored: OpenedImage | undefined, instance: Descriptor | undefined): boolean {
    const { image } = this.#top;
    if (stored === undefined || instance === undefined) return hasStoredSignatures(image);
    const { image: other } = stored;
    return (
      hasStoredSignatures(other, instance.digest) || (other !== image && hasStoredSignatures(other))
    );
  }

  /** Undefined for one that is not in the storage. */
  async #instance({ digest }: Descriptor): Promise<OpenedImage | undefined> {
    const known = this.#opened.get(digest);
    if (known) return known;
    const stored = await viewStorage(this.#conf, async (view) => {
      const found = this.#findInstance(view, digest);
      return found && openStoredImage(view, found, digest);
    });
    const opened = stored ?? (await openStoredArtifact(this.#top.image, digest));
    if (opened) this.#opened.set(digest, opened);
    return opened;
  }

  /** A list that was pulled is an item of the image beside the image's own manifest. */
  #findInstance(view: StorageView, digest: Digest): StoredImage | undefined {
    const { image } = this.#top;
    return hasBigData(image, `${MANIFEST_KEY}-${digest}`) ? image : findManifest(view, digest);
  }

  #readBlob(digest: Digest, range: ByteRange | undefined): ByteStream {
    const place = this.#placeOf(digest);
    if (place === undefined) {
      throw new OcipushError('FILE_NOT_FOUND', 'the image does not name it');
    }
    switch (place.kind) {
      case 'file':
        return readFileStream(place.path, range);
      case 'bytes':
        return slice(single(place.bytes), clampRange(range, place.bytes.length));
      case 'layer':
        return this.#layers.read(place.files, range);
    }
  }

  #placeOf(digest: Digest): BlobPlace | undefined {
    return [this.#top, ...this.#opened.values()]
      .map(({ blobs }) => blobs.get(digest))
      .find((each) => each !== undefined);
  }
}
