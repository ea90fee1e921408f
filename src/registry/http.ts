/** HTTP as the registry client needs it: kept-alive connections, bounded answers, clear errors. */
import Agent from 'undici/lib/dispatcher/agent.js';
import request from 'undici/lib/api/api-request.js';
import type { HostCertificates } from '../config/certs-d.ts';
import type { ByteStream } from '../io/bytes.ts';
import { connectionError } from './connection-error.ts';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes can be sent again, a stream only once. A stream's length goes into `content-length`. */
  readonly body?: Uint8Array | ByteStream | undefined;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly url: URL;
  /** The first value of a header; names in lower case. */
  header(name: string): string | undefined;
  /** All values of a header, one a line. */
  headers(name: string): readonly string[];
  /** At most {@link ANSWER_LIMIT} bytes; what is beyond was cut off. */
  readonly body: Uint8Array;
}

/** Bytes of an answer that are read: more than any error or token of an honest server. */
const ANSWER_LIMIT = 1024 * 1024;

/** Milliseconds: the reference's dial timeout, and how long idle connections are kept. */
const CONNECT_TIMEOUT = 30_000;
const KEEP_ALIVE = 30_000;

/** The connections of one push to any number of hosts under one TLS setting. */
export class HttpClient implements AsyncDisposable {
  readonly #agent: Agent;

  constructor(certificates: HostCertificates, verify: boolean) {
    const [client] = certificates.clients;
    this.#agent = new Agent({
      keepAliveTimeout: KEEP_ALIVE,
      connect: {
        timeout: CONNECT_TIMEOUT,
        rejectUnauthorized: verify,
        ...(certificates.authorities.length > 0 && { ca: [...certificates.authorities] }),
        ...(client && { cert: client.certificate, key: client.key }),
      },
    });
  }

  /**
   * One request and its answer, whatever the status. Redirects are answers.
   * @throws OcipushError REGISTRY_UNREACHABLE or TLS_FAILED when there was no answer; what the body
   * stream threw, if it was that
   */
  async send(message: HttpRequest): Promise<HttpResponse> {
    let bodyError: unknown;
    const body =
      message.body === undefined || message.body instanceof Uint8Array
        ? message.body
        : watched(message.body, (error) => (bodyError = error));
    try {
      const answer = await request.call(this.#agent, {
        origin: message.url.origin,
        path: message.url.pathname + message.url.search,
        method: message.method,
        headers: { ...message.headers },
        body: body as Uint8Array | null,
        signal: message.signal,
      });
      const bytes = await readAnswer(answer.body);
      const { statusCode: status, headers: fields } = answer;
      const headers = (name: string): string[] => [fields[name] ?? []].flat();
      return {
        status,
        url: message.url,
        headers,
        header: (name) => headers(name)[0],
        body: bytes,
      };
    } catch (error) {
      message.signal.throwIfAborted();
      throw bodyError ?? connectionError(error, message.method, message.url);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not close(): it would wait for what a failed push left under way.
    await this.#agent.destroy();
  }
}

/** Remembers what a body threw, since a client reports it as a fault of the connection. */
async function* watched(body: ByteStream, failed: (error: unknown) => void): ByteStream {
  try {
    yield* body;
  } catch (error) {
    failed(error);
    throw error;
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
