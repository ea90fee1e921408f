/** A TCP proxy that breaks connections after so many bytes, and counts what passed. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Bytes of one connection after which it is broken, by the side that they come from. */
export interface CutPoint {
  readonly fromClient?: number;
  readonly fromServer?: number;
}

export interface CuttingProxy extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Bytes that clients have sent, over all connections. */
  readonly received: number;
  /** Connections that were broken. */
  readonly cuts: number;
}

/**
 * Passes connections on to `upstream` (`127.0.0.1:port`).
 * @param cutFor where to cut the next connection; undefined for nowhere
 */
export async function startCuttingProxy(
  upstream: string,
  cutFor: () => CutPoint | undefined,
): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const count = { cuts: 0, received: 0 };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const { fromClient = Infinity, fromServer = Infinity } = cutFor() ?? {};
    const port = Number(upstream.split(':')[1]);
    const behind = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const cut = (): void => {
      count.cuts += 1;
      client.resetAndDestroy();
      behind.resetAndDestroy();
    };
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        behind.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => (count.received += chunk.length));
    pass(client, behind, fromClient, cut);
    pass(behind, client, fromServer, cut);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get received() {
      return count.received;
    },
    get cuts() {
      return count.cuts;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes the first bytes of a connection on, and cuts it once they have left. */
function pass(from: Socket, to: Socket, limit: number, cut: () => void): void {
  let left = limit;
  if (left === 0) cut();
  from.on('data', (chunk: Buffer) => {
    if (left <= 0) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    const isLast = left === 0;
    const hasRoom = to.write(part, () => {
      if (isLast) cut();
    });
    if (hasRoom) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
  from.once('end', () => to.end());
}
