/** A way to a server that is as long as a real one: bytes take their time, and so does connecting. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface DelayedLink extends AsyncDisposable {
  /** Address and port that lead to the server. */
  readonly host: string;
}

/** @param roundTrip milliseconds; half of it in each direction, and one before the first byte goes */
export async function openDelayedLink(target: string, roundTrip: number): Promise<DelayedLink> {
  const [address, port] = target.split(':');
  const sockets = new Set<Socket>();
  // An end is passed on like any byte: whoever has sent all may still be answered.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: Number(port), host: address, allowHalfOpen: true, noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    // This side of a connection is there before its other side can know.
    relay(near, far, { delay: roundTrip / 2, from: performance.now() + roundTrip });
    relay(far, near, { delay: roundTrip / 2, from: 0 });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}

/** What happens at the other end, and when. */
interface Arrival {
  readonly due: number;
  readonly happen: () => void;
}

function relay(
  source: Socket,
  target: Socket,
  { delay, from }: { readonly delay: number; readonly from: number },
): void {
  const queue: Arrival[] = [];
  const wait = (): void => {
    const [next] = queue;
    if (next) setTimeout(arrive, Math.max(0, next.due - performance.now()));
  };
  const arrive = (): void => {
    while (queue[0] && queue[0].due <= performance.now()) queue.shift()?.happen();
    wait();
  };
  const send = (happen: () => void): void => {
    queue.push({ due: Math.max(performance.now(), from) + delay, happen });
    if (queue.length === 1) wait();
  };
  source.on('data', (chunk) => send(() => target.write(chunk)));
  source.on('end', () => send(() => target.end()));
  source.on('close', () => send(() => target.destroy()));
}
