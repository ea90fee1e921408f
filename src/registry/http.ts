/** HTTP as the registry client needs it: kept-alive connections, bounded answers, clear errors. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import request from 'undici/lib/api/api-request.js';
import { OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { limited } from '../io/rate-limit.ts';
import { unlessAborted } from '../io/unless-aborted.ts';
import { connectionError } from './connection-error.ts';
import { Connections, type ConnectionSettings, type Route } from './connections.ts';
import type { TransferLimits } from './options.ts';
import { outgoing, type OutgoingStream } from './outgoing.ts';
import { answerTimeout, StallWatch } from './stall.ts';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes can be sent again, a stream only once. A stream's length goes into `content-length`. */
  readonly body?: Uint8Array | ByteStream | undefined;
  /** Statuses whose answer comes as a stream, which must be taken or ended. */
  readonly streams?: readonly number[] | undefined;
  /** Bytes that were sent before and that the server may go through before it answers. */
  readonly completes?: number | undefined;
  /** `own`: a new connection, for this request alone; `kept` unless told. */
  readonly connection?: 'kept' | 'own' | undefined;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly url: URL;
  /** The first value of a header; names in lower case. */
  header(name: string): string | undefined;
  /** All values of a header, one a line. */
  headers(name: string): readonly string[];
  /** At most {@link ANSWER_LIMIT} bytes; what is beyond was cut off. Empty beside a stream. */
  readonly body: Uint8Array;
  readonly stream?: ByteStream;
}

/** Bytes of an answer that are read: more than any error or token of an honest server. */
const ANSWER_LIMIT = 1024 * 1024;

/** Requests of one push to any number of hosts under one TLS setting. */
export class HttpClient implements AsyncDisposable {
  readonly #connections: Connections;
  readonly #limits: TransferLimits;

  constructor(settings: ConnectionSettings) {
    this.#connections = new Connections(settings);
    this.#limits = settings.limits;
  }

  /** Begins to connect to where a request will go soon. */
  prepare(url: URL): void {
    this.#connections.prepare(url);
  }

  /**
   * One request and its answer, whatever the status. Redirects are answers.
   * @throws OcipushError REGISTRY_UNREACHABLE or TLS_FAILED when there was no answer,
   * REGISTRY_ANSWER_INVALID when it came too early; what the body stream threw; the signal's reason
   */
  async send(message: HttpRequest): Promise<HttpResponse> {
    const { method, url, connection } = message;
    message.signal.throwIfAborted();
    const watch = new StallWatch(this.#limits.stallTimeout);
    const signal = AbortSignal.any([message.signal, watch.signal]);
    const stream = this.#outgoing(message, watch);
    const route = this.#connections.routeTo(url, connection);
    try {
      const exchange = this.#exchange({ ...message, signal }, stream, route, watch);
      // undici hears of an abort only once it is connected, for which nobody should have to wait.
      const response = await unlessAborted(exchange, signal);
      // A turn later undici has the connection back; a request before that would open another one.
      await nextTurn();
      if (response.status < 300 && stream?.isComplete() === false) {
        throw tooEarly(response.status, method, url);
      }
      return response;
    } catch (error) {
      message.signal.throwIfAborted();
      const failure = stream?.failure();
      if (failure !== undefined) throw failure;
      const another = stream === undefined && this.#connections.showAnother(error, route);
      if (another) return await this.send(message);
      throw error instanceof OcipushError ? error : connectionError(error, method, url);
    } finally {
      watch.end();
    }
  }

  #outgoing({ body, headers, signal }: HttpRequest, watch: StallWatch): OutgoingStream | undefined {
    if (body === undefined || body instanceof Uint8Array) return undefined;
    const { rate } = this.#limits;
    const stream = rate ? limited(body, rate, signal) : body;
    return outgoing(stream, headers?.['content-length'], watch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not close(): it would wait for what a failed push left under way.
    await this.#connections[Symbol.asyncDispose]();
  }

  async #exchange(
    message: HttpRequest,
    stream: OutgoingStream | undefined,
    { dispatcher, origin, path, headers: routing }: Route,
    watch: StallWatch,
  ): Promise<HttpResponse> {
    const { method, url, headers: fields, body, streams, signal } = message;
    const answer = await request.call(dispatcher, {
      origin,
      path,
      method,
      headers: { ...fields, ...routing },
      // The type is wrong: undici takes what can be iterated.
      body: (stream?.bytes ?? body) as Uint8Array | null,
      // By default undici closes the connection after HEAD, and with it those opened meanwhile.
      reset: false,
      headersTimeout: answerTimeout(this.#limits.stallTimeout, workBehind(message)),
      bodyTimeout: this.#limits.stallTimeout,
      signal,
    });
    watch.rest();
    const { statusCode: status, headers: received } = answer;
    const headers = (name: string): string[] => [received[name] ?? []].flat();
    const head = { status, url, headers, header: (name: string) => headers(name)[0] };
    if (!streams?.includes(status)) return { ...head, body: await readAnswer(answer.body) };
    return { ...head, body: new Uint8Array(), stream: incoming(answer.body, method, url) };
  }
}

/** Bytes that a server may go through before it answers; of a stream that is known at its end alone. */
function workBehind({ body, headers, completes = 0 }: HttpRequest): number {
  if (body === undefined || body instanceof Uint8Array) return completes;
  return Number(headers?.['content-length'] ?? Infinity);
}

/** The body of an answer, whose failures are those of the connection. */
async function* incoming(body: ByteStream, method: string, url: URL): ByteStream {
  try {
    yield* body;
    // As after an answer without a stream.
    await nextTurn();
  } catch (error) {
    throw connectionError(error, method, url);
  }
}

async function readAnswer(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= ANSWER_LIMIT) break;
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_LIMIT);
}

/** Nobody can have stored what was not sent yet. */
function tooEarly(status: number, method: string, url: URL): OcipushError {
  return new OcipushError(
    'REGISTRY_ANSWER_INVALID',
    `${method} ${url.origin}${url.pathname}: answered with ${status} before all bytes were sent`,
    { origin: 'destination', retryable: true },
  );
}
