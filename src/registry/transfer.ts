/** The way of one blob's bytes to a registry, over as many sessions and requests as it takes. */
import type { BlobIdentity, BlobProduction, BlobUpload } from '../image/blob.ts';
import { OcipushError, withDetails } from '../errors.ts';
import { Parts } from '../io/parts.ts';
import { isRefusal, isTransient } from './answer-error.ts';
import type { RegistryClient } from './client.ts';
import { sameBytesFrom } from './same-bytes.ts';
import type { UploadHost } from './upload-host.ts';
import { isAstray, UploadSession } from './upload-session.ts';

/** Bytes below which asking how far an upload has come takes longer than to send it again. */
const WORTH_RESUMING = 64 * 1024;

/** Answers to an upload in one PUT after which some registries take PATCH and PUT. */
const NO_SINGLE_PUT = new Set([404, 405, 413, 415, 416, 500, 501, 502, 503, 504]);

/** Answers to a second chunk of registries that take none. */
const NO_CHUNKS = new Set([400, 405, 501]);

export class BlobTransfer {
  readonly #client: RegistryClient;
  readonly #blob: BlobUpload;
  readonly #host: UploadHost;
  #session: UploadSession | undefined;
  /** What had been produced when the last attempt failed. */
  #before: BlobIdentity | undefined;
  /** Bytes that a request had sent when it broke without an answer, while it is not known why. */
  #broke = 0;
  #furthest = 0;
  #produced: BlobIdentity | undefined;

  constructor(client: RegistryClient, blob: BlobUpload) {
    this.#client = client;
    this.#blob = blob;
    this.#host = client.host;
  }

  /** The most bytes of the blob that the registry has ever confirmed. */
  get furthest(): number {
    return this.#furthest;
  }

  /** What the blob turned out to be, once it was sent whole, whether or not that was confirmed. */
  get produced(): BlobIdentity | undefined {
    return this.#produced;
  }

  /**
   * Goes on where the last attempt broke; undefined when there is nothing to go on with.
   * @throws OcipushError of the registry, or what producing the blob failed with
   */
  async resume(): Promise<BlobIdentity | undefined> {
    const session = this.#session;
    if (session === undefined) return undefined;
    const before = this.#before;
    const isWorthIt = before !== undefined && before.size >= WORTH_RESUMING;
    if (isWorthIt && (await session.locate())) {
      if (session.offset > 0 && session.offset <= before.size) {
        this.#broke = 0;
        this.#furthest = Math.max(this.#furthest, session.offset);
        this.#client.tellResumed(this.#blob.source, session.offset);
        return this.#send(session, before);
      }
    }
    await this.abandon();
    return undefined;
  }

  /**
   * Sends the blob from its first byte, in a session that has none yet.
   * @throws OcipushError of the registry, or what producing the blob failed with
   */
  async begin(session: UploadSession): Promise<BlobIdentity> {
    this.#session = session;
    this.#before = undefined;
    this.#host.losesAfter(this.#broke);
    this.#broke = 0;
    return this.#send(session, undefined);
  }

  /** Ends what is left of a session that is not gone on with. */
  async abandon(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.cancel();
  }

  async #send(session: UploadSession, before: BlobIdentity | undefined): Promise<BlobIdentity> {
    const production = this.#blob.open();
    const { identity } = this.#blob;
    const inOnePut = before === undefined && identity && this.#fitsOnePut(identity);
    try {
      if (!inOnePut) return await this.#sendInParts(session, production, before);
      await session.finish(identity, production.stream);
      return identity;
    } catch (error) {
      this.#remember(production);
      if (!isRefusal(error)) this.#broke = session.sent;
      if (!this.#learns(error, inOnePut ? 'put' : 'parts', session)) {
        if (!mayGoOn(error)) await this.abandon();
        throw asRepeatable(error);
      }
    }
    await this.abandon();
    return this.begin(await UploadSession.start(this.#client));
  }

  /** Keeps what is known of most bytes: when one was begun again, it may not have come as far. */
  #remember({ soFar }: BlobProduction): void {
    const known = soFar?.();
    if (known && known.size >= (this.#before?.size ?? 0)) this.#before = known;
  }

  async #sendInParts(
    session: UploadSession,
    production: BlobProduction,
    before: BlobIdentity | undefined,
  ): Promise<BlobIdentity> {
    const { stream } = production;
    const parts = new Parts(before ? sameBytesFrom(stream, session.offset, before) : stream);
    try {
      while (await parts.hasMore()) {
        await this.#sendPart(session, parts);
        this.#furthest = Math.max(this.#furthest, session.offset);
      }
    } finally {
      parts.end();
    }
    const { digest, size } = this.#blob.identity ?? production.result();
    this.#produced = { digest, size };
    await session.finish(this.#produced);
    return this.#produced;
  }

  async #sendPart(session: UploadSession, parts: Parts): Promise<void> {
    const limit = this.#limitIn(session);
    const { identity } = this.#blob;
    if (identity === undefined) {
      // What is learned on the way holds for this part, too: it can end at any byte.
      const stream = parts.take(() => this.#limitIn(session));
      return session.append({ stream, position: 'implied' });
    }
    const left = identity.size - session.offset;
    const length = Math.min(limit, left);
    // The last part goes to the end of the stream, where it shows whether the blob is what it should be.
    const stream = parts.take(() => (length === left ? Infinity : length));
    const position = limit === Infinity ? 'implied' : 'told';
    return session.append({ stream, length, position });
  }

  /** The most bytes of one request. */
  #limitIn({ minimum }: UploadSession): number {
    return Math.max(this.#host.chunkSize ?? Infinity, minimum);
  }

  #fitsOnePut({ size }: BlobIdentity): boolean {
    return this.#host.takesSinglePut && size <= (this.#host.chunkSize ?? Infinity);
  }

  /** Whether what a registry refused may be tried at once in another way. */
  #learns(error: unknown, way: 'put' | 'parts', session: UploadSession): boolean {
    if (!isRefusal(error)) return false;
    const { status, registryCode } = error.context;
    if (way === 'put') {
      const isNoWay = NO_SINGLE_PUT.has(Number(status)) || isAstray(error);
      if (isNoWay) this.#host.takesSinglePut = false;
      // Who is busy is left alone for a while, and sent both requests then.
      return isNoWay && !isTransient(error);
    }
    const isNoChunk = NO_CHUNKS.has(Number(status)) && registryCode !== 'DIGEST_INVALID';
    if (isNoChunk && session.offset > 0) return this.#host.refusesChunks();
    const { identity } = this.#blob;
    const isChunk = this.#host.chunkSize !== undefined;
    // No offset can be wrong at the beginning: some registries say so when a chunk is too large.
    const isTooLarge = status === 413 || (status === 416 && isChunk && session.offset === 0);
    const left = identity ? identity.size - session.offset : Infinity;
    return isTooLarge && this.#host.refusesSize(Math.min(left, this.#limitIn(session)));
  }
}

/** Whether what the session holds may be part of the blob, and the rest be sent there. */
function mayGoOn(error: unknown): boolean {
  if (!isRefusal(error)) return error instanceof OcipushError && error.code !== 'DIGEST_MISMATCH';
  return isTransient(error) || isAstray(error) || error.context['status'] === 401;
}

/** A session that is astray is asked where it is, or another one begun. */
function asRepeatable(error: unknown): unknown {
  const isRepeatable = isRefusal(error) && isAstray(error);
  return isRepeatable ? withDetails(error, { retryable: true }) : error;
}
