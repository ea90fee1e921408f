/** Reads an image from a repository of a registry. */
import { OcipushError, withDetails, wrapError, type ErrorCode } from '../../errors.ts';
import type { PolicyIdentity } from '../../config/policy.ts';
import type { RepositoryName } from '../../image/blob.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestAlgorithm, digestMismatch, type Digest } from '../../image/digest.ts';
import type { NamedReference } from '../../image/docker-reference.ts';
import { manifestDigest, manifestTypeOf } from '../../image/manifest-type.ts';
import { isListType, isManifestType } from '../../image/media-types.ts';
import type { Signature } from '../../image/signature.ts';
import type { ByteRange, ByteStream } from '../../io/bytes.ts';
import { RegistryClient } from '../../registry/client.ts';
import { readBlob } from '../../registry/download.ts';
import { getManifest } from '../../registry/manifests.ts';
import { nameScopes } from '../policy-scopes.ts';
import { DAMAGED_HINT } from '../source-error.ts';
import {
  type ImageReference,
  type ImageSource,
  type RawManifest,
  type Referrer,
  type TransportContext,
} from '../transport.ts';
import { RegistrySignatures } from './signatures.ts';

/** @throws OcipushError when the certificates for the registry cannot be used; nothing is sent yet */
export async function openRegistrySource(
  reference: ImageReference,
  name: NamedReference,
  context: TransportContext,
): Promise<ImageSource> {
  const repository = { registry: name.domain, path: name.path };
  const { registry, signal } = context;
  const client = await RegistryClient.open(repository, 'pull', registry, signal);
  const signatures = new RegistrySignatures(name, client, context);
  return new RegistrySource(reference, name, client, signatures);
}

class RegistrySource implements ImageSource {
  readonly reference: ImageReference;
  readonly policyIdentity: PolicyIdentity;
  readonly repository: RepositoryName;
  readonly #name: NamedReference;
  readonly #client: RegistryClient;
  readonly #signatures: RegistrySignatures;

  constructor(
    reference: ImageReference,
    name: NamedReference,
    client: RegistryClient,
    signatures: RegistrySignatures,
  ) {
    this.reference = reference;
    this.policyIdentity = { transport: 'docker', scopes: nameScopes(name) };
    this.repository = client.repository;
    this.#name = name;
    this.#client = client;
    this.#signatures = signatures;
  }

  async getManifest(instance?: Descriptor): Promise<RawManifest> {
    const expected = instance?.digest ?? this.#name.digest;
    const target = expected ?? this.#name.tag ?? 'latest';
    const delivered = getManifest(this.#client, target);
    const { bytes, mediaType: said = '' } = await delivered.catch((error: unknown) => {
      throw readingError(error, instance === undefined ? 'SOURCE_NOT_FOUND' : 'BLOB_UNKNOWN');
    });
    const digest = manifestDigest(bytes, expected && digestAlgorithm(expected));
    if (expected !== undefined && digest !== expected) throw digestMismatch(expected, digest);
    const mediaType = isManifestType(said) || isListType(said) ? said : manifestTypeOf(bytes);
    return { bytes, mediaType, digest };
  }

  async *getBlob(descriptor: Descriptor, range?: ByteRange): ByteStream {
    try {
      yield* readBlob(this.#client, descriptor, range);
    } catch (error) {
      throw readingError(error, 'BLOB_UNKNOWN');
    }
  }

  async getSignatures(manifest: RawManifest): Promise<readonly Signature[]> {
    return this.#signatures.read(manifest).catch((error: unknown) => {
      const fallback = { code: 'FILE_UNREADABLE', origin: 'source' } as const;
      throw wrapError(readingError(error, 'SOURCE_NOT_FOUND'), 'reading signatures', fallback);
    });
  }

  async getReferrers(digest: Digest): Promise<readonly Referrer[]> {
    const { findReferrers } = await import('./referrers.ts');
    return findReferrers(this.#client, digest).catch((error: unknown) => {
      throw readingError(error, 'BLOB_UNKNOWN');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** The client speaks to whoever pushes; who reads has another place to look, and other hints. */
function readingError(error: unknown, missing: ErrorCode): unknown {
  if (!(error instanceof OcipushError) || error.origin !== 'destination') return error;
  const { code, message, context, hint } = error;
  if (context['status'] === 404) {
    return new OcipushError(missing, message, {
      origin: 'source',
      hint: missing === 'BLOB_UNKNOWN' ? DAMAGED_HINT : 'check the name of the image and its tag',
      context,
      cause: error,
    });
  }
  return withDetails(error, {
    origin: 'source',
    hint:
      code === 'REGISTRY_DENIED'
        ? 'this user may not read this repository: name another with --creds or --authfile'
        : hint,
    cause: error,
  });
}
