/** An HTTP proxy as companies have them: it connects to one server, whatever name it is asked for. */
import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { TlsFiles } from './registry/listener.ts';

export interface ForwardProxyOptions {
  /** `host:port` that every name means here. */
  readonly target: string;
  /** The only Proxy-Authorization that is let through; unset: nobody needs one. */
  readonly authorization?: string;
  readonly tls?: TlsFiles;
}

export interface ForwardProxy extends AsyncDisposable {
  readonly url: string;
  /** `METHOD TARGET AUTHORIZATION` of each request that was made of it. */
  readonly requests: readonly string[];
}

export async function startForwardProxy(options: ForwardProxyOptions): Promise<ForwardProxy> {
  const { target, authorization, tls } = options;
  const [host = '', port = ''] = target.split(':');
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const isWelcome = ({ method, url, headers }: IncomingMessage): boolean => {
    const shown = headers['proxy-authorization'];
    requests.push(`${method} ${url} ${shown ?? '-'}`);
    return authorization === undefined || shown === authorization;
  };
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
  });
  server.on('connect', (message, socket) => {
    if (!isWelcome(message)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const far = connect(Number(port), host);
    far.once('connect', () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'));
    pipeline(socket, far, socket, () => undefined);
  });
  server.on('request', (message, response) => {
    if (!isWelcome(message)) {
      response.writeHead(407).end();
      return;
    }
    const { method, headers } = message;
    delete headers['proxy-authorization'];
    const { pathname, search } = new URL(message.url ?? '');
    const onward = forward({ host, port, method, headers, path: pathname + search }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => undefined);
    });
    pipeline(message, onward, () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
