/** Servers that do exactly what a test says, on a free port of 127.0.0.1. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { TlsFiles } from '../support/registry/listener.ts';

export interface RunningServer {
  readonly url: URL;
  /** Of all connections that were accepted, in order. */
  readonly sockets: readonly Socket[];
}

/** Answers a request, now or later. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** An HTTP server; with `tls`, HTTPS. It lives as long as the test. */
export function serveHttp(listener: Listener, tls?: TlsFiles): Promise<RunningServer> {
  const server: Server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ ...tls, requestCert: tls.ca !== undefined }, listener);
  return listen(server, tls === undefined ? 'http' : 'https');
}

/** A server that is handed bare connections. It lives as long as the test. */
export function serveTcp(
  scheme: 'http' | 'https',
  onConnection: (socket: Socket) => void,
): Promise<RunningServer> {
  return listen(createTcpServer(onConnection), scheme);
}

async function listen(
  server: ReturnType<typeof createTcpServer>,
  scheme: string,
): Promise<RunningServer> {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`${scheme}://127.0.0.1:${port}/v2/?x=1`), sockets };
}
