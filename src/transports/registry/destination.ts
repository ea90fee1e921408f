/** Writes an image to a repository of a registry. */
import type { BlobUpload, RepositoryName, StoredBlob } from '../../image/blob.ts';
import type { Digest } from '../../image/digest.ts';
import type { NamedReference } from '../../image/docker-reference.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1_SIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../image/media-types.ts';
import { RegistryClient } from '../../registry/client.ts';
import { headManifest, putManifest, requireDigest } from '../../registry/manifests.ts';
import { BlobUploader } from '../../registry/upload.ts';
import { verifyImage } from '../../registry/verify.ts';
import type {
  AnnouncedBlobs,
  BlobPreview,
  DestinationCapabilities,
  ExpectedImage,
  ImageDestination,
  ImageReference,
  RawManifest,
  SignatureStore,
  TransportContext,
} from '../transport.ts';
import { RegistrySignatures } from './signatures.ts';

/** @throws OcipushError when the certificates for the registry cannot be used; nothing is sent yet */
export async function openRegistryDestination(
  reference: ImageReference,
  name: NamedReference,
  context: TransportContext,
): Promise<ImageDestination> {
  const repository = { registry: name.domain, path: name.path };
  const client = await RegistryClient.open(
    repository,
    'pull,push',
    context.registry,
    context.signal,
  );
  const signatures = new RegistrySignatures(name, client, context);
  return new RegistryDestination(reference, name, client, signatures);
}

class RegistryDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly capabilities: DestinationCapabilities;
  readonly repository: RepositoryName;
  readonly signatures: SignatureStore;
  /** The tag or digest under which the image is to be found. */
  readonly #target: string;
  readonly #client: RegistryClient;
  readonly #uploader: BlobUploader;

  constructor(
    reference: ImageReference,
    name: NamedReference,
    client: RegistryClient,
    signatures: SignatureStore,
  ) {
    this.reference = reference;
    this.capabilities = {
      manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST, DOCKER_V1_SIGNED],
      layerCompression: 'compress',
      acceptsForeignLayers: true,
      requiredDigest: name.digest,
    };
    this.#target = name.tag ?? name.digest ?? 'latest';
    this.repository = client.repository;
    this.signatures = signatures;
    this.#client = client;
    this.#uploader = new BlobUploader(client);
  }

  currentDigest(): Promise<Digest | undefined> {
    return headManifest(this.#client, this.#target);
  }

  digestOf(tag = this.#target): Promise<Digest | undefined> {
    return requireDigest(this.#client, tag);
  }

  announce({ origins, news }: AnnouncedBlobs): void {
    const { registry, path } = this.repository;
    for (const other of origins) {
      if (other.registry === registry && other.path !== path) this.#client.alsoReads(other.path);
    }
    this.#client.prepare(news);
  }

  previewBlob(blob: BlobUpload): Promise<BlobPreview> {
    return this.#uploader.preview(blob);
  }

  begin(): Promise<void> {
    return Promise.resolve();
  }

  putBlob(blob: BlobUpload): Promise<StoredBlob> {
    return this.#uploader.upload(blob);
  }

  async putManifest(manifest: RawManifest, instance?: Digest): Promise<void> {
    await putManifest(this.#client, instance ?? this.#target, manifest);
  }

  async putTag(manifest: RawManifest, tag: string): Promise<void> {
    await putManifest(this.#client, tag, manifest);
  }

  async putReferrer(manifest: RawManifest, tag: string | undefined): Promise<void> {
    if (tag !== undefined) {
      const { storeAttachment } = await import('./attachments.ts');
      return storeAttachment(this.#client, manifest, tag);
    }
    const { storeReferrer } = await import('./referrers.ts');
    return storeReferrer(this.#client, manifest);
  }

  /** A registry shows every manifest as soon as it has it. */
  commit(): Promise<void> {
    return Promise.resolve();
  }

  verify(manifest: RawManifest, { tags, absent }: ExpectedImage): Promise<void> {
    return verifyImage(this.#client, manifest, { names: [this.#target, ...tags], absent });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
