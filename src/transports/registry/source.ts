/** Reads an image from a repository of a registry. */
import type { RepositoryName } from '../../image/blob.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestAlgorithm, digestMismatch } from '../../image/digest.ts';
import type { NamedReference } from '../../image/docker-reference.ts';
import { manifestDigest, manifestTypeOf } from '../../image/manifest-type.ts';
import { isListType, isManifestType } from '../../image/media-types.ts';
import type { ByteRange, ByteStream } from '../../io/bytes.ts';
import { RegistryClient } from '../../registry/client.ts';
import { readBlob } from '../../registry/download.ts';
import { getManifest } from '../../registry/manifests.ts';
import {
  MANIFEST_LIMIT,
  type ImageReference,
  type ImageSource,
  type RawManifest,
  type TransportContext,
} from '../transport.ts';

/** @throws OcipushError when the certificates for the registry cannot be used; nothing is sent yet */
export async function openRegistrySource(
  reference: ImageReference,
  name: NamedReference,
  context: TransportContext,
): Promise<ImageSource> {
  const repository = { registry: name.domain, path: name.path };
  const { registry, signal } = context;
  const client = await RegistryClient.open(repository, 'pull', registry, signal);
  return new RegistrySource(reference, name, client);
}

class RegistrySource implements ImageSource {
  readonly reference: ImageReference;
  readonly origin: RepositoryName;
  readonly #name: NamedReference;
  readonly #client: RegistryClient;

  constructor(reference: ImageReference, name: NamedReference, client: RegistryClient) {
    this.reference = reference;
    this.origin = client.repository;
    this.#name = name;
    this.#client = client;
  }

  async getManifest(instance?: Descriptor): Promise<RawManifest> {
    const expected = instance?.digest ?? this.#name.digest;
    const target = expected ?? this.#name.tag ?? 'latest';
    const { bytes, mediaType: said = '' } = await getManifest(this.#client, target, MANIFEST_LIMIT);
    const digest = manifestDigest(bytes, expected && digestAlgorithm(expected));
    if (expected !== undefined && digest !== expected) throw digestMismatch(expected, digest);
    const mediaType = isManifestType(said) || isListType(said) ? said : manifestTypeOf(bytes);
    return { bytes, mediaType, digest };
  }

  getBlob(descriptor: Descriptor, range?: ByteRange): ByteStream {
    return readBlob(this.#client, descriptor, range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
