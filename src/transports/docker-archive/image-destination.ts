/** Writes one image into a `docker save` archive, wherever that goes. */
import type { BlobUpload, StoredBlob } from '../../image/blob.ts';
import type { Digest } from '../../image/digest.ts';
import type { NamedReference } from '../../image/docker-reference.ts';
import { parseImageConfig } from '../../image/image-config.ts';
import { parseImageManifest } from '../../image/manifest.ts';
import { DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG } from '../../image/media-types.ts';
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import { OcipushError } from '../../errors.ts';
import { collect } from '../../io/bytes.ts';
import type {
  BlobPreview,
  DestinationCapabilities,
  ImageDestination,
  ImageReference,
  RawManifest,
} from '../transport.ts';
import type { ArchiveWriter } from './archive-writer.ts';

export interface ArchiveDestinationOptions {
  readonly reference: ImageReference;
  readonly layerCompression: DestinationCapabilities['layerCompression'];
  /** Full names; an image may have none. */
  readonly tags: readonly NamedReference[];
  /** Becomes the destination's, which finishes it with {@link ImageDestination.commit}. */
  readonly writer: ArchiveWriter;
}

export class ArchiveDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly capabilities: DestinationCapabilities;
  readonly #writer: ArchiveWriter;
  readonly #tags: NamedReference[];
  readonly #configs = new Map<Digest, Uint8Array>();
  #manifest: RawManifest | undefined;

  constructor({ reference, layerCompression, tags, writer }: ArchiveDestinationOptions) {
    this.reference = reference;
    this.capabilities = {
      manifestTypes: [DOCKER_MANIFEST],
      layerCompression,
      acceptsForeignLayers: false,
    };
    this.#writer = writer;
    this.#tags = [...tags];
  }

  /** An archive does not keep the manifest. */
  currentDigest(): Promise<Digest | undefined> {
    return Promise.resolve(undefined);
  }

  previewBlob(): Promise<BlobPreview> {
    return Promise.resolve({ how: 'uploaded', requests: 0 });
  }

  begin(): Promise<void> {
    return Promise.resolve();
  }

  /** Configs wait for {@link commit}: they stand after the layers. */
  async putBlob(blob: BlobUpload): Promise<StoredBlob> {
    if (!isConfig(blob)) return this.#writer.putLayer(blob);
    const { stream, result } = blob.open();
    const bytes = await collect(stream, MANIFEST_LIMIT, 'image config');
    parseImageConfig(bytes);
    const { digest, size } = result();
    this.#configs.set(digest, bytes);
    return { digest, size, how: 'uploaded' };
  }

  putManifest(manifest: RawManifest, instance?: Digest): Promise<void> {
    if (instance !== undefined) throw new TypeError('an archive holds no lists');
    this.#manifest = manifest;
    return Promise.resolve();
  }

  putTag(_manifest: RawManifest, tag: string): Promise<void> {
    const [name] = this.#tags;
    if (name === undefined) return Promise.reject(namelessTag(this.reference, tag));
    this.#tags.push({ ...name, tag });
    return Promise.resolve();
  }

  protected addName(name: NamedReference): void {
    this.#tags.push(name);
  }

  async commit(): Promise<void> {
    if (this.#manifest === undefined) throw new TypeError('there is no manifest to commit');
    const { bytes, mediaType } = this.#manifest;
    const { config: descriptor, layers } = parseImageManifest(bytes, mediaType);
    const config = this.#configs.get(descriptor.digest);
    if (config === undefined) throw notAnImage(descriptor.mediaType);
    const image = { config, layers: layers.map(({ digest }) => digest), tags: this.#tags };
    await this.#writer.putImage(image);
    await this.#writer.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }
}

/** As in the source: a config that was converted comes under either name. */
function isConfig({ mediaType }: BlobUpload): boolean {
  return mediaType === DOCKER_CONFIG || mediaType === OCI_CONFIG;
}

function namelessTag(reference: ImageReference, tag: string): OcipushError {
  return new OcipushError(
    'UNSUPPORTED',
    `the image in ${reference.toString()} has no name that the tag ${tag} could belong to`,
    { origin: 'usage', hint: 'name it: docker-archive:PATH:NAME' },
  );
}

function notAnImage(mediaType: string): OcipushError {
  return new OcipushError(
    'UNSUPPORTED',
    `docker-archive: a config of the type ${JSON.stringify(mediaType)} is none of an image`,
    { origin: 'destination', hint: 'push it to a registry, to oci: or to dir:' },
  );
}
