/** A Docker Engine that only knows what the tests need, and does what they tell it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { TEST_CERTIFICATE } from '../../support/registry/certificate.ts';
import { temporaryDirectory } from '../../support/scratch.ts';

export interface FakeEngine {
  /** What `DOCKER_HOST` is to be. */
  readonly host: string;
  /** `METHOD PATH` of every request. */
  readonly requests: readonly string[];
  readonly headers: readonly IncomingMessage['headers'][];
  /** The bodies that arrived whole. */
  readonly loaded: readonly Buffer[];
  /** Settles when a body breaks off. */
  readonly brokenOff: Promise<void>;
}

export interface FakeEngineOptions {
  /** Undefined: the engine does not say. */
  readonly apiVersion?: string | undefined;
  /** Instead of a socket. */
  readonly listen?: 'tcp' | 'tls';
  readonly pingStatus?: number;
  readonly load?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly save?: (response: ServerResponse) => void;
}

/** Listens until the end of the test. */
export async function startFakeEngine(options: FakeEngineOptions = {}): Promise<FakeEngine> {
  const requests: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const loaded: Buffer[] = [];
  let breakOff = (): void => undefined;
  const brokenOff = new Promise<void>((resolve) => {
    breakOff = resolve;
  });
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    const { apiVersion = '1.47' } = options;
    if ('apiVersion' in options ? options.apiVersion : apiVersion) {
      response.setHeader('Api-Version', apiVersion);
    }
    if (request.url === '/_ping') {
      response.writeHead(options.pingStatus ?? 200).end();
    } else if (request.method === 'GET') {
      if (options.save) options.save(response);
      else response.writeHead(404).end('{"message":"reference does not exist"}');
    } else if (options.load) {
      options.load(request, response);
    } else {
      answerLoaded(request, response, loaded);
    }
    request.on('error', breakOff);
  };
  const server =
    options.listen === 'tls' ? createTlsServer(TEST_CERTIFICATE, serve) : createServer(serve);
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: await listen(server, options), requests, headers, loaded, brokenOff };
}

/** As an engine with `quiet=1`. */
function answerLoaded(request: IncomingMessage, response: ServerResponse, loaded: Buffer[]): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    loaded.push(Buffer.concat(chunks));
    response.setHeader('Content-Type', 'application/json');
    response.end('{"stream":"Loaded image: x"}\r\n');
  });
}

async function listen(server: Server, options: FakeEngineOptions): Promise<string> {
  const socket = join(await temporaryDirectory(), 'docker.sock');
  await new Promise<void>((resolve) => {
    if (options.listen === undefined) server.listen(socket, resolve);
    else server.listen(0, '127.0.0.1', resolve);
  });
  if (options.listen === undefined) return `unix://${socket}`;
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
