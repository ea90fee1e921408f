/** Manifests at a registry: which one a reference points at, and writing them. */
import { parseDigest, type Digest } from '../image/digest.ts';
import { MANIFEST_LIMIT, manifestDigest } from '../image/manifest-type.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  DOCKER_V1_SIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../image/media-types.ts';
import { OcipushError, withCode } from '../errors.ts';
import { isRefusal } from './answer-error.ts';
import type { RegistryClient } from './client.ts';
import type { HttpResponse } from './http.ts';
import { readAnswer } from './read-answer.ts';

const ACCEPT = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST, DOCKER_V1_SIGNED, DOCKER_V1];

/** Not there, or not for us to see: credentials may permit to push and not to pull. */
const UNKNOWN = [401, 403, 404, 405];

/**
 * The digest that a tag or digest stands for at the registry; undefined when there is no such
 * manifest, or the registry does not say.
 */
export async function headManifest(
  client: RegistryClient,
  reference: string,
): Promise<Digest | undefined> {
  const response = await ask(client, reference, [200, ...UNKNOWN]);
  return response.status === 200 ? digestIn(response) : undefined;
}

/**
 * The same for certain: undefined only when the registry says that there is no such manifest.
 * @throws OcipushError when it says neither
 */
export async function requireDigest(
  client: RegistryClient,
  reference: string,
): Promise<Digest | undefined> {
  const response = await ask(client, reference, [200, 404]);
  if (response.status === 404) return undefined;
  return digestIn(response) ?? manifestDigest((await getManifest(client, reference)).bytes);
}

function ask(
  client: RegistryClient,
  reference: string,
  accept: readonly number[],
): Promise<HttpResponse> {
  return client.send({
    method: 'HEAD',
    target: `manifests/${reference}`,
    headers: { accept: ACCEPT.join(', ') },
    accept,
    attempt: `checking manifest ${reference}`,
  });
}

/** A manifest as a registry delivers it. */
export interface DeliveredManifest {
  readonly bytes: Uint8Array;
  /** What the registry says of its type; undefined when it says nothing. */
  readonly mediaType: string | undefined;
}

/**
 * Reads the manifest of a tag or digest, not yet verified.
 * @throws OcipushError LIMIT_EXCEEDED when it has more than `limit` bytes, unset: 4 MiB
 */
export async function getManifest(
  client: RegistryClient,
  reference: string,
  limit = MANIFEST_LIMIT,
): Promise<DeliveredManifest> {
  const { registry, path } = client.repository;
  const request = {
    method: 'GET',
    target: `manifests/${reference}`,
    headers: { accept: ACCEPT.join(', ') },
    accept: [200],
    attempt: `reading manifest ${reference} in ${registry}/${path}`,
  } as const;
  const { response, bytes } = await readAnswer(client, request, limit, 'manifest');
  return { bytes, mediaType: response.header('content-type')?.split(';')[0] };
}

/** The manifest of a tag or digest; undefined when there is none. */
export async function findManifest(
  client: RegistryClient,
  reference: string,
): Promise<DeliveredManifest | undefined> {
  try {
    return await getManifest(client, reference);
  } catch (error) {
    if (error instanceof OcipushError && error.context['status'] === 404) return undefined;
    throw error;
  }
}

/** As in the reference, and 415 (RFC 9110), which says nothing else. */
function refusesFormat(error: unknown): error is OcipushError {
  if (!isRefusal(error)) return false;
  const { status, registryCode } = error.context;
  const isUnread = registryCode === 'UNSUPPORTED' && error.message.includes('Invalid JSON syntax');
  return (
    status === 415 ||
    registryCode === 'MANIFEST_INVALID' ||
    registryCode === 'TAG_INVALID' ||
    isUnread
  );
}

/** What is no digest says nothing. */
function digestIn(response: HttpResponse): Digest | undefined {
  try {
    return parseDigest(response.header('docker-content-digest') ?? '');
  } catch {
    return undefined;
  }
}

/** What a registry says of a manifest that it has stored. */
export interface StoredManifest {
  /** Whether it lists the manifest as one that refers to its subject (OCI distribution-spec). */
  readonly listsSubject: boolean;
}

/**
 * Writes a manifest under a tag or its own digest.
 * @throws OcipushError REGISTRY_ANSWER_INVALID when the registry stored something else;
 * MANIFEST_REJECTED when it may take the same image in another format
 */
export async function putManifest(
  client: RegistryClient,
  reference: string,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string; readonly digest: Digest },
): Promise<StoredManifest> {
  const attempt = `uploading manifest ${reference} to ${client.repository.registry}/${client.repository.path}`;
  const response = await client
    .send({
      method: 'PUT',
      target: `manifests/${reference}`,
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
      // 200 and 202 come from registries that are known; what counts is the digest, checked below.
      accept: [200, 201, 202],
      attempt,
    })
    .catch((error: unknown) => {
      throw refusesFormat(error) ? withCode('MANIFEST_REJECTED', error) : error;
    });
  const stored = response.header('docker-content-digest');
  // Not all registries say what they stored, but none says it with a page for people.
  const isPage = response.header('content-type')?.startsWith('text/html');
  const isSilent = stored === undefined && response.status === 201 && !isPage;
  if (stored === manifest.digest || isSilent) {
    return { listsSubject: response.header('oci-subject') !== undefined };
  }
  throw new OcipushError(
    'REGISTRY_ANSWER_INVALID',
    `${attempt}: the registry stored ${stored ?? 'no manifest'} instead of ${manifest.digest}`,
    { origin: 'destination', context: { status: response.status } },
  );
}
