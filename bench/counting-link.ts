/** A way to a registry that counts what is sent on it. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

export interface CountingLink extends AsyncDisposable {
  /** Address and port that lead to the registry. */
  readonly host: string;
  /** Bytes sent to the registry, HTTP's own included, since this was last called. */
  takeCount(): number;
}

export async function openCountingLink(target: string): Promise<CountingLink> {
  const [address, port] = target.split(':');
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((near) => {
    const far = connect(Number(port), address);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    near.on('data', (chunk) => (count += chunk.length));
    near.pipe(far).pipe(near);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeCount: () => {
      const taken = count;
      count = 0;
      return taken;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}
