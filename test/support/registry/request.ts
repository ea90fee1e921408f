/** Single requests to a registry, for the tests of the registry itself. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
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

/** Sends one request; rejects when the connection breaks before the whole answer has come. */
export async function ask(method: string, url: string, parts: RequestParts = {}): Promise<Reply> {
  const { headers = {}, body = '', ...tls } = parts;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const isWhole = typeof body === 'string' || body instanceof Uint8Array;
  const length = isWhole ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { ...tls, method, headers: { ...length, ...headers } });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0, headers: received } = incoming;
        const { location = '' } = received;
        resolve({ status, headers: received, text, code: codeIn(text), location });
      });
    });
    if (isWhole) outgoing.end(body);
    else Readable.from(body).pipe(outgoing);
  });
}

/** The address that finishes an upload. */
export function withDigest(location: string, bytes: string | Uint8Array): string {
  return `${location}&digest=${encodeURIComponent(digestOf(Buffer.from(bytes)))}`;
}

function codeIn(text: string): string | undefined {
  return /"code":"([A-Z_]+)"/.exec(text)?.[1];
}
