/** Brings blobs to a repository in the fewest round trips, and again when that fails. */
import type { BlobIdentity, BlobUpload, StoredBlob } from '../image/blob.ts';
import type { Digest } from '../image/digest.ts';
import { OcipushError, withDetails } from '../errors.ts';
import { faultOf } from './answer-error.ts';
import type { RegistryClient } from './client.ts';
import type { HttpResponse } from './http.ts';

/**
 * Bytes from which on a registry is asked twice whether it has a blob: not all answer a mount from
 * the repository itself, and sending so much in vain costs more than a request.
 */
const WORTH_ASKING_TWICE = 1024 * 1024;

/** The registry does not permit this, does not know how, or hides what it has. */
const REFUSED = [400, 401, 403, 404, 405, 415, 422];
/** Answers to an upload in one PUT after which some registries take PATCH and PUT. */
const NO_SINGLE_PUT = [404, 405, 413, 415, 416, 500, 501, 502, 503, 504];

const BINARY = { 'content-type': 'application/octet-stream' };

export class BlobUploader {
  readonly #client: RegistryClient;
  /** Whether this registry takes a body with the PUT that ends an upload. */
  #singlePut = true;

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  /** @throws OcipushError of the last attempt, or what producing the blob failed with */
  async upload(blob: BlobUpload): Promise<StoredBlob> {
    let session: URL | undefined;
    for (const candidate of blob.candidates) {
      if (session) await this.#cancel(session);
      const answer = await this.#ask(candidate);
      if (answer === 'exists') return { ...candidate, how: 'exists' };
      session = answer;
    }
    const stored = await this.#client.withRetry(() => {
      const opened = session;
      session = undefined;
      return this.#send(blob, opened);
    });
    return { ...stored, how: 'uploaded' };
  }

  async #send(blob: BlobUpload, opened: URL | undefined): Promise<BlobIdentity> {
    const location = opened ?? (await this.#start());
    return blob.identity && this.#singlePut
      ? this.#sendInOnePut(location, blob, blob.identity)
      : this.#sendInPatch(location, blob);
  }

  /**
   * Asks for a blob by a mount from its own repository, which is answered either with the blob or
   * with an upload session: the question and the first step of the upload in one round trip.
   */
  async #ask(identity: BlobIdentity): Promise<'exists' | URL | undefined> {
    const [session, present] = await Promise.all([
      this.#mount(identity.digest),
      identity.size >= WORTH_ASKING_TWICE && this.#isPresent(identity),
    ]);
    if (session === 'exists' || !present) return session;
    if (session) await this.#cancel(session);
    return 'exists';
  }

  async #mount(digest: Digest): Promise<'exists' | URL | undefined> {
    const query = new URLSearchParams({ mount: digest, from: this.#client.repository.path });
    const response = await this.#client.send({
      method: 'POST',
      target: `blobs/uploads/?${query.toString()}`,
      accept: [201, 202, ...REFUSED],
      attempt: this.#starting(),
    });
    if (response.status === 201) return 'exists';
    return response.status === 202 ? this.#client.resolveLocation(response) : undefined;
  }

  async #isPresent({ digest, size }: BlobIdentity): Promise<boolean> {
    const response = await this.#client.send({
      method: 'HEAD',
      target: `blobs/${digest}`,
      accept: [200, ...REFUSED],
      attempt: `checking whether a blob ${digest} exists`,
    });
    const length = response.header('content-length');
    return response.status === 200 && (length === undefined || Number(length) === size);
  }

  async #start(): Promise<URL> {
    const response = await this.#client.send({
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

  /** An empty session that nobody ends is removed by the registry in time; it need not wait. */
  async #cancel(session: URL): Promise<void> {
    await this.#client
      .sendOnce({
        method: 'DELETE',
        target: session,
        accept: [200, 202, 204, ...REFUSED],
        attempt: 'cancelling upload',
      })
      .catch(ignoreRefusal);
  }

  async #sendInOnePut(
    location: URL,
    blob: BlobUpload,
    identity: BlobIdentity,
  ): Promise<BlobIdentity> {
    const attempt = 'uploading layer to URL';
    const response = await this.#client.sendOnce({
      method: 'PUT',
      target: withDigest(location, identity.digest),
      headers: { ...BINARY, 'content-length': String(identity.size) },
      body: blob.open().stream,
      accept: [200, 201, 204, 400, ...NO_SINGLE_PUT],
      attempt,
    });
    if (response.status < 300) return confirmed(response, identity, attempt);
    if (response.status !== 400 || faultOf(response)?.code.startsWith('BLOB_UPLOAD_')) {
      this.#singlePut = false;
    }
    throw withDetails(this.#client.refusal(response, attempt), { retryable: true });
  }

  async #sendInPatch(location: URL, blob: BlobUpload): Promise<BlobIdentity> {
    const production = blob.open();
    const length = blob.identity && { 'content-length': String(blob.identity.size) };
    const sent = await this.#client.sendOnce({
      method: 'PATCH',
      target: location,
      headers: { ...BINARY, ...length },
      body: production.stream,
      accept: [200, 201, 202, 204],
      attempt: 'uploading layer chunked',
    });
    const identity = production.result();
    const attempt = 'uploading layer to URL';
    const response = await this.#client.send({
      method: 'PUT',
      target: withDigest(this.#client.resolveLocation(sent), identity.digest),
      headers: { ...BINARY, 'content-length': '0' },
      accept: [200, 201, 204],
      attempt,
    });
    return confirmed(response, identity, attempt);
  }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof OcipushError)) throw error;
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

/** @throws OcipushError when the registry says that it stored other bytes than were sent */
function confirmed(response: HttpResponse, sent: BlobIdentity, attempt: string): BlobIdentity {
  const stored = response.header('docker-content-digest');
  if (stored === undefined ? response.status === 201 : stored === sent.digest) return sent;
  throw new OcipushError(
    'REGISTRY_ANSWER_INVALID',
    `${attempt}: the registry stored ${stored ?? 'nothing'} instead of ${sent.digest}`,
    { origin: 'destination', context: { status: response.status } },
  );
}
