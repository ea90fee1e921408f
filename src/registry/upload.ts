/** Brings blobs to a repository in the fewest round trips, and again when that fails. */
import type { BlobIdentity, BlobUpload, RepositoryName, StoredBlob } from '../image/blob.ts';
import { digestAlgorithm, type Digest } from '../image/digest.ts';
import { OcipushError } from '../errors.ts';
import { isRefusal, isTransient } from './answer-error.ts';
import type { RegistryClient } from './client.ts';
import type { HttpResponse } from './http.ts';

/**
 * Bytes from which on a registry is asked twice whether it has a blob: not all answer a mount from
 * the repository itself, and sending so much in vain costs more than a request.
 */
const WORTH_ASKING_TWICE = 1024 * 1024;

/** Answers to an upload in one PUT after which some registries take PATCH and PUT. */
const NO_SINGLE_PUT = new Set([404, 405, 413, 415, 416, 500, 501, 502, 503, 504]);

const BINARY = { 'content-type': 'application/octet-stream' };

export interface UploadPreview {
  readonly how: StoredBlob['how'];
  readonly requests: number;
}

export class BlobUploader {
  readonly #client: RegistryClient;
  /** Whether this registry takes a body with the PUT that ends an upload. */
  #singlePut = true;

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  /** @throws OcipushError of the last attempt, or what producing the blob failed with */
  upload(blob: BlobUpload): Promise<StoredBlob> {
    // Every attempt asks again: the one before may have succeeded and only its answer been lost.
    return this.#client.withRetry(() => this.#uploadOnce(blob));
  }

  /**
   * What {@link upload} would do, and how many requests it would take. A mount from another
   * repository cannot be tried: it is taken for granted.
   */
  async preview({ candidates, identity }: BlobUpload): Promise<UploadPreview> {
    let requests = 0;
    for (const candidate of candidates) {
      requests += candidate.size >= WORTH_ASKING_TWICE ? 2 : 1;
      if (await this.#isPresent(candidate)) return { how: 'exists', requests };
      const isElsewhere = this.#mountSource(candidate.origin) !== this.#client.repository.path;
      if (isElsewhere) return { how: 'mounted', requests };
    }
    const starting = candidates.length === 0 ? 1 : 0;
    return { how: 'uploaded', requests: requests + starting + (identity ? 1 : 2) };
  }

  async #uploadOnce(blob: BlobUpload): Promise<StoredBlob> {
    let session: URL | undefined;
    for (const candidate of blob.candidates) {
      if (session) await this.#cancel(session);
      const { digest, size } = candidate;
      const answer = await this.#ask(candidate, this.#mountSource(candidate.origin));
      if (answer === 'exists') return { digest, size, how: answer };
      if (answer === 'mounted') {
        return { digest, size, how: answer, mountedFrom: candidate.origin };
      }
      session = answer;
    }
    const { digest, size } = await this.#send(blob, session ?? (await this.#start()));
    return { digest, size, how: 'uploaded' };
  }

  /** The repository to mount from: that of the source on the same registry, else its own. */
  #mountSource(origin: RepositoryName | undefined): string {
    const { registry, path } = this.#client.repository;
    if (origin?.registry !== registry || origin.path === path) return path;
    this.#client.alsoReads(origin.path);
    return origin.path;
  }

  /**
   * Asks for a blob by a mount, from its own repository unless it is known to be in another: which
   * is answered either with the blob or with an upload session, the question and the first step of
   * the upload in one round trip.
   */
  async #ask(
    identity: BlobIdentity,
    from: string,
  ): Promise<'exists' | 'mounted' | URL | undefined> {
    const [session, isPresent] = await Promise.all([
      this.#mount(identity.digest, from),
      identity.size >= WORTH_ASKING_TWICE && this.#isPresent(identity),
    ]);
    if (session === 'mounted') return from === this.#client.repository.path ? 'exists' : session;
    if (!isPresent) return session;
    if (session) await this.#cancel(session);
    return 'exists';
  }

  /** A registry that refuses this, whatever it says, may still take the blob itself. */
  async #mount(digest: Digest, from: string): Promise<'mounted' | URL | undefined> {
    const query = new URLSearchParams({ mount: digest, from });
    const response = await unlessRefused(
      this.#client.sendOnce({
        method: 'POST',
        target: `blobs/uploads/?${query.toString()}`,
        accept: [201, 202],
        attempt: this.#starting(),
      }),
    );
    if (response?.status === 201) return 'mounted';
    return response && this.#client.resolveLocation(response);
  }

  async #isPresent({ digest, size }: BlobIdentity): Promise<boolean> {
    const response = await unlessRefused(
      this.#client.sendOnce({
        method: 'HEAD',
        target: `blobs/${digest}`,
        accept: [200],
        attempt: `checking whether a blob ${digest} exists`,
      }),
    );
    const length = response?.header('content-length');
    return response !== undefined && (length === undefined || Number(length) === size);
  }

  async #start(): Promise<URL> {
    const response = await this.#client.sendOnce({
      method: 'POST',
      target: 'blobs/uploads/',
      accept: [202],
      attempt: this.#starting(),
    });
    return this.#client.resolveLocation(response);
  }

  #starting(): string {
    const { registry, path } = this.#client.repository;
    return `initiating layer upload to /v2/${path}/blobs/uploads/ in ${registry}`;
  }

  async #send(blob: BlobUpload, session: URL): Promise<BlobIdentity> {
    if (!blob.identity || !this.#singlePut) return this.#sendInPatch(session, blob);
    try {
      return await this.#sendInOnePut(session, blob, blob.identity);
    } catch (error) {
      if (!refusesSinglePut(error)) throw error;
      this.#singlePut = false;
      // Who is busy is left alone for a while, and sent both requests then.
      if (isTransient(error)) throw error;
      return this.#sendInPatch(await this.#start(), blob);
    }
  }

  async #sendInOnePut(
    session: URL,
    blob: BlobUpload,
    identity: BlobIdentity,
  ): Promise<BlobIdentity> {
    const response = await this.#orCancel(
      session,
      this.#client.sendOnce({
        method: 'PUT',
        target: withDigest(session, identity.digest),
        headers: { ...BINARY, 'content-length': String(identity.size) },
        body: blob.open().stream,
        accept: [200, 201, 204],
        attempt: FINISHING,
      }),
    );
    return confirmed(response, identity);
  }

  async #sendInPatch(session: URL, blob: BlobUpload): Promise<BlobIdentity> {
    const production = blob.open();
    const length = blob.identity && { 'content-length': String(blob.identity.size) };
    const sent = await this.#orCancel(
      session,
      this.#client.sendOnce({
        method: 'PATCH',
        target: session,
        headers: { ...BINARY, ...length },
        body: production.stream,
        accept: [200, 201, 202, 204],
        attempt: 'uploading layer chunked',
      }),
    );
    const identity = production.result();
    const location = this.#client.resolveLocation(sent);
    const response = await this.#orCancel(
      location,
      this.#client.send({
        method: 'PUT',
        target: withDigest(location, identity.digest),
        headers: { ...BINARY, 'content-length': '0' },
        accept: [200, 201, 204],
        attempt: FINISHING,
      }),
    );
    return confirmed(response, identity);
  }

  /**
   * Ends the session when its registry refuses a request. Where there was no answer at all, it is
   * left to the registry to forget the session in time.
   */
  async #orCancel<T>(session: URL, request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      if (isRefusal(error)) await this.#cancel(session);
      throw error;
    }
  }

  /** A session that does not end now is forgotten by the registry in time. */
  async #cancel(session: URL): Promise<void> {
    await this.#client
      .sendOnce({
        method: 'DELETE',
        target: session,
        accept: [200, 202, 204],
        attempt: 'cancelling upload',
      })
      .catch((error: unknown) => {
        if (!(error instanceof OcipushError)) throw error;
      });
  }
}

const FINISHING = 'uploading layer to URL';

/** The answer, or undefined when the registry says no: but not when it says to ask later. */
async function unlessRefused(request: Promise<HttpResponse>): Promise<HttpResponse | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isRefusal(error) && error.context['status'] !== 429) return undefined;
    throw error;
  }
}

function refusesSinglePut(error: unknown): error is OcipushError {
  if (!isRefusal(error)) return false;
  const { status, registryCode } = error.context;
  return NO_SINGLE_PUT.has(Number(status)) || String(registryCode).startsWith('BLOB_UPLOAD_');
}

/** The address that ends an upload; what else is in its query is the registry's and stays as it is. */
function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  const others = url.search
    .slice(1)
    .split('&')
    .filter((part) => !/^digest=|^$/.test(part));
  url.search = [...others, `digest=${encodeURIComponent(digest)}`].join('&');
  return url;
}

/**
 * Registries name what they stored under their own algorithm, which may be another one.
 * @throws OcipushError when the registry says that it stored other bytes than were sent
 */
function confirmed(response: HttpResponse, sent: BlobIdentity): BlobIdentity {
  const stored = response.header('docker-content-digest');
  const isComparable = stored?.startsWith(`${digestAlgorithm(sent.digest)}:`);
  if (isComparable ? stored === sent.digest : response.status === 201) return sent;
  throw new OcipushError(
    'REGISTRY_ANSWER_INVALID',
    `${FINISHING}: the registry stored ${stored ?? 'nothing'} instead of ${sent.digest}`,
    { origin: 'destination', context: { status: response.status } },
  );
}
