/** Single requests to a registry, for the tests of the registry itself. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { Readable } from 'node:stream';
import { digestOf } from '../../../src/image/digest.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The code of the first error in the body. */
  readonly code: string | undefined;
  /** Where the answer points to; a query is appended with {@link withDigest}. */
  readonly location: string;
}

export interface RequestParts extends Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'signal'> {
  readonly headers?: Readonly<Record<string, string>>;
  /** Anything but bytes or text is sent chunked. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * Sends one request; rejects when the connection breaks before the whole answer has come. A body of
 * bytes or text has left before the reply is there: the connection is free for the next request.
 */
export async function ask(method: string, url: string, parts: RequestParts = {}): Promise<Reply> {
  const { headers = {}, body = '', ...rest } = parts;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const isWhole = typeof body === 'string' || body instanceof Uint8Array;
  const length = isWhole ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  const outgoing = send(url, { ...rest, method, headers: { ...length, ...headers } });
  const closed = new Promise((resolve) => {
    outgoing.once('close', resolve);
  });
  const response = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  if (isWhole) outgoing.end(body);
  else Readable.from(body).pipe(outgoing);
  const [incoming] = await response;
  const reply = await read(incoming);
  if (isWhole) await closed;
  return reply;
}

async function read(incoming: IncomingMessage): Promise<Reply> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  const text = Buffer.concat(chunks).toString();
  const { statusCode: status = 0, headers } = incoming;
  return { status, headers, text, code: codeIn(text), location: headers.location ?? '' };
}

/** The address that finishes an upload. */
export function withDigest(location: string, bytes: string | Uint8Array): string {
  return `${location}&digest=${encodeURIComponent(digestOf(Buffer.from(bytes)))}`;
}

function codeIn(text: string): string | undefined {
  return /"code":"([A-Z_]+)"/.exec(text)?.[1];
}
