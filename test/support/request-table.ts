/** A server that plays a table: expected requests with canned answers, so that a test reads as the protocol. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request must look like; what is not said may be anything. */
export interface ExpectedRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  /** These parameters with these values; further ones are allowed. */
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  readonly body?: string | Uint8Array;
}

/** `{host}` in a header or a text body becomes `127.0.0.1:port`. */
export interface CannedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One row; it is used for one request. */
export interface ScriptedRow {
  readonly name?: string;
  /** Names a row that must have been used before; else rows may be used in any order. */
  readonly after?: string;
  readonly request: ExpectedRequest;
  /** `close` ends the connection without an answer. */
  readonly answer: CannedAnswer | 'close';
}

export interface ScriptedRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Throws when a request was not in the table, or a row was not used. */
  verify(): void;
}

interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Listens on a free port of 127.0.0.1. A request that no row is for is answered with 500. */
export async function startScriptedRegistry(
  rows: readonly ScriptedRow[],
): Promise<ScriptedRegistry> {
  const used = new Set<ScriptedRow>();
  const unexpected: string[] = [];
  let host = '';
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = await receive(request);
    const isReady = ({ after }: ScriptedRow): boolean =>
      after === undefined || [...used].some(({ name }) => name === after);
    const row = rows.find((one) => !used.has(one) && isReady(one) && fits(one.request, received));
    if (row === undefined) unexpected.push(`${request.method} ${request.url}`);
    else used.add(row);
    play(response, row?.answer ?? { status: 500, body: 'unexpected request' }, host);
  };
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    verify: () => {
      const unused = rows.filter((row) => !used.has(row)).map(({ request }) => describe(request));
      const complaints = [
        ...unexpected.map((request) => `unexpected: ${request}`),
        ...unused.map((request) => `never came: ${request}`),
      ];
      if (complaints.length > 0) throw new Error(complaints.join('\n'));
    },
    [Symbol.asyncDispose]: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function receive(request: IncomingMessage): Promise<Received> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const url = new URL(request.url ?? '/', 'http://registry');
  const { method = 'GET', headers } = request;
  const path = decodeURIComponent(url.pathname);
  return { method, path, query: url.searchParams, headers, body: Buffer.concat(chunks) };
}

function fits(expected: ExpectedRequest, received: Received): boolean {
  if (expected.method !== received.method || expected.path !== received.path) return false;
  const query = Object.entries(expected.query ?? {});
  if (query.some(([name, value]) => !received.query.getAll(name).includes(value))) return false;
  const headers = Object.entries(expected.headers ?? {});
  if (headers.some(([name, value]) => !fitsHeader(value, received.headers[name]))) return false;
  return expected.body === undefined || received.body.equals(Buffer.from(expected.body));
}

function fitsHeader(expected: string | RegExp, received: string | string[] | undefined): boolean {
  const value = Array.isArray(received) ? received.join(', ') : received;
  if (value === undefined) return false;
  return typeof expected === 'string' ? value === expected : expected.test(value);
}

function play(response: ServerResponse, answer: CannedAnswer | 'close', host: string): void {
  if (answer === 'close') {
    response.destroy();
    return;
  }
  const { status, headers = {}, body = '' } = answer;
  const filled = Object.entries(headers).map(([name, value]) => [name, fill(value, host)] as const);
  const bytes = Buffer.from(typeof body === 'string' ? fill(body, host) : body);
  const length = status === 204 || status === 304 ? {} : { 'content-length': bytes.length };
  response.writeHead(status, { ...length, ...Object.fromEntries(filled) });
  response.end(bytes);
}

function fill(text: string, host: string): string {
  return text.replaceAll('{host}', host);
}

function describe({ method, path, query }: ExpectedRequest): string {
  const parameters = new URLSearchParams(query).toString();
  return `${method} ${path}${parameters === '' ? '' : `?${parameters}`}`;
}
