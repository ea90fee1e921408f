/** An upload session at a registry: where it goes on, and how many bytes it has. */
import type { BlobIdentity } from '../image/blob.ts';
import { digestAlgorithm, type Digest } from '../image/digest.ts';
import { OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { isRefusal, isTransient } from './answer-error.ts';
import type { RegistryClient } from './client.ts';
import type { HttpResponse } from './http.ts';

const BINARY = { 'content-type': 'application/octet-stream' };

const FINISHING = 'uploading layer to URL';

/** Milliseconds that ending a session may take: it is a courtesy, for which nobody should have to wait. */
const CANCELLING = 2000;
const CANCELLATIONS = 3;

/** Some bytes of a blob. */
export interface BlobPart {
  readonly stream: ByteStream;
  /** Bytes of the part, where that is certain. */
  readonly length?: number | undefined;
  /** Whether to say where in the blob it stands: without that it is whatever comes next. */
  readonly position: 'told' | 'implied';
}

export class UploadSession {
  readonly #client: RegistryClient;
  /** The least bytes of a part that is not the last (distribution-spec, `OCI-Chunk-Min-Length`). */
  readonly minimum: number;
  #location: URL;
  #offset = 0;
  #sent = 0;
  /** `adrift`: the last request broke, and what came of it is not known. */
  #state: 'certain' | 'adrift' | 'over' = 'certain';

  /** @param response that began the session */
  constructor(client: RegistryClient, response: HttpResponse) {
    this.#client = client;
    this.#location = client.resolveLocation(response);
    this.minimum = Number(response.header('oci-chunk-min-length') ?? 0) || 0;
  }

  /** @throws OcipushError of the request */
  static async start(client: RegistryClient): Promise<UploadSession> {
    return new UploadSession(client, await askForUpload(client, '', [202]));
  }

  /** Bytes that the registry has confirmed. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes of the last request that were handed out, though perhaps not all of them arrived. */
  get sent(): number {
    return this.#sent;
  }

  /** @throws OcipushError of the request; what the stream failed with */
  async append({ stream, length, position }: BlobPart): Promise<void> {
    const range = `${this.#offset}-${this.#offset + (length ?? 0) - 1}`;
    const response = await this.#during(
      this.#client.sendOnce({
        method: 'PATCH',
        target: this.#location,
        headers: {
          ...BINARY,
          ...(length !== undefined && { 'content-length': String(length) }),
          ...(length !== undefined && position === 'told' && { 'content-range': range }),
        },
        body: this.#counting(stream),
        connection: this.#client.host.isFragile ? 'own' : 'kept',
        accept: [200, 201, 202, 204],
        attempt: 'uploading layer chunked',
      }),
    );
    this.#state = 'adrift';
    this.#location = this.#client.resolveLocation(response);
    this.#state = 'certain';
    this.#offset += this.#sent;
  }

  /**
   * Ends the upload with the bytes that are still missing, if any are.
   * @throws OcipushError of the request; REGISTRY_ANSWER_INVALID when something else was stored
   */
  async finish(identity: BlobIdentity, stream?: ByteStream): Promise<void> {
    const request = {
      method: 'PUT',
      target: withDigest(this.#location, identity.digest),
      accept: [200, 201, 204],
      attempt: FINISHING,
    } as const;
    const length = String(stream ? identity.size - this.#offset : 0);
    const headers = { ...BINARY, 'content-length': length };
    const response = await this.#during(
      stream
        ? this.#client.sendOnce({ ...request, headers, body: this.#counting(stream) })
        : this.#client.send({ ...request, headers, completes: identity.size }),
    );
    this.#state = 'over';
    confirm(response, identity);
  }

  /**
   * Asks where a session goes on whose last request broke.
   * @returns false when the registry does not know, or the session no more
   * @throws OcipushError when there is no answer for the moment
   */
  async locate(signal?: AbortSignal): Promise<boolean> {
    try {
      const response = await this.#client.sendOnce({
        method: 'GET',
        target: this.#location,
        accept: [200, 202, 204],
        attempt: 'asking how far the upload has come',
        ...(signal && { signal }),
      });
      if (response.header('location') !== undefined) {
        this.#location = this.#client.resolveLocation(response);
      }
      this.#state = 'certain';
      this.#offset = offsetIn(response);
      return true;
    } catch (error) {
      if (!isRefusal(error) || isTransient(error)) throw error;
      this.#state = 'over';
      return false;
    }
  }

  /** Has the registry forget the session now rather than in time, if that can be had soon. */
  async cancel(): Promise<void> {
    const signal = AbortSignal.timeout(CANCELLING);
    try {
      // Bytes that are still on their way may put it astray in between.
      for (let round = 0; round < CANCELLATIONS && this.#state !== 'over'; round += 1) {
        if (this.#state === 'adrift') await this.locate(signal);
        if (this.#state === 'certain') await this.#delete(signal);
      }
    } catch (error) {
      if (!(error instanceof OcipushError) && !signal.aborted) throw error;
    }
  }

  async #delete(signal: AbortSignal): Promise<void> {
    this.#state = 'over';
    try {
      await this.#client.sendOnce({
        method: 'DELETE',
        target: this.#location,
        accept: [200, 202, 204],
        attempt: 'cancelling upload',
        signal,
      });
    } catch (error) {
      if (!isRefusal(error) || !isAstray(error)) throw error;
      this.#state = 'adrift';
    }
  }

  /** Notes whether it is certain afterwards what the session holds. */
  async #during(request: Promise<HttpResponse>): Promise<HttpResponse> {
    this.#sent = 0;
    try {
      return await request;
    } catch (error) {
      const isUntouched = isRefusal(error) && !isTransient(error) && !isAstray(error);
      if (!isUntouched) this.#state = 'adrift';
      throw error;
    }
  }

  async *#counting(stream: ByteStream): ByteStream {
    for await (const chunk of stream) {
      this.#sent += chunk.length;
      yield chunk;
    }
  }
}

/** Whether a registry says that the session is not where it was thought to be, or not there. */
export function isAstray({ context: { status, registryCode } }: OcipushError): boolean {
  return status === 416 || String(registryCode).startsWith('BLOB_UPLOAD_');
}

/**
 * Asks for an upload session. Whoever is aborted meanwhile waits for the answer, if that can be had
 * soon, for otherwise nobody could end what it has begun.
 * @param query with its question mark, or empty
 * @throws OcipushError of the request
 */
export async function askForUpload(
  client: RegistryClient,
  query: string,
  accept: readonly number[],
): Promise<HttpResponse> {
  const { signal } = client;
  signal.throwIfAborted();
  const patience = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const losePatience = (): void => {
    timer = setTimeout(() => patience.abort(signal.reason), CANCELLING);
  };
  signal.addEventListener('abort', losePatience);
  try {
    const response = await client.sendOnce({
      method: 'POST',
      target: `blobs/uploads/${query}`,
      accept,
      attempt: startingUpload(client),
      signal: patience.signal,
    });
    if (signal.aborted && response.status === 202) {
      await new UploadSession(client, response).cancel();
    }
    signal.throwIfAborted();
    return response;
  } finally {
    signal.removeEventListener('abort', losePatience);
    clearTimeout(timer);
  }
}

/** How the message of an error begins where a session could not be had. */
function startingUpload({ repository: { registry, path } }: RegistryClient): string {
  return `initiating layer upload to /v2/${path}/blobs/uploads/ in ${registry}`;
}

/** `Range: 0-N`, both ends included. What has one byte looks like what has none: 0 for both. */
function offsetIn(response: HttpResponse): number {
  const [, last = '0'] = /^(?:bytes=)?0-(\d+)$/.exec(response.header('range') ?? '') ?? [];
  return last === '0' ? 0 : Number(last) + 1;
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
function confirm(response: HttpResponse, { digest }: BlobIdentity): void {
  const stored = response.header('docker-content-digest');
  const isComparable = stored?.startsWith(`${digestAlgorithm(digest)}:`);
  if (isComparable ? stored === digest : response.status === 201) return;
  throw new OcipushError(
    'REGISTRY_ANSWER_INVALID',
    `${FINISHING}: the registry stored ${stored ?? 'nothing'} instead of ${digest}`,
    { origin: 'destination', context: { status: response.status } },
  );
}
