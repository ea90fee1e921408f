/** The listening socket on loopback, with or without TLS, and the connections it accepts. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** PEM texts. With `ca`, clients must show a certificate that it signed. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

/** The TCP connection that a request came on. */
export interface Connection {
  /** The first is 1. */
  readonly number: number;
  /** Ends it with RST, also below TLS. */
  reset(): void;
}

export interface Listener {
  /** `127.0.0.1:port` */
  readonly host: string;
  close(): Promise<void>;
}

type OnRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
) => void;

/** Listens on a free port of 127.0.0.1. Idle connections stay open until `close`. */
export async function listen(tls: TlsFiles | undefined, onRequest: OnRequest): Promise<Listener> {
  const connections = new Map<number, Connection>();
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(request.socket.remotePort ?? -1);
    if (connection === undefined) request.socket.destroy();
    else onRequest(request, response, connection);
  };
  const settings = { keepAliveTimeout: 0, requestTimeout: 0 };
  const server =
    tls === undefined
      ? createServer(settings, serve)
      : createTlsServer({ ...settings, ...tls, requestCert: tls.ca !== undefined }, serve);
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    const port = socket.remotePort ?? -1;
    connections.set(port, { number: accepted, reset: () => void socket.resetAndDestroy() });
    socket.once('close', () => connections.delete(port));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
