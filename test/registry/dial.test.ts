/** TCP connections, which end with their signal; that they must be there in time is for test/wire/stalls.test.ts. */
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { dial } from '../../src/registry/dial.ts';
import { serveTcp } from './server.ts';

test('a connection waits for whoever uses it, longer than it may take to be made', async () => {
  const { url, sockets } = await serveTcp('http', (socket) => socket.write('hello'));
  const { signal } = new AbortController();
  const socket = await dial(url, { timeout: 5000, signal });
  onTestFinished(() => void socket.destroy());
  expect(socket.timeout).toBe(0);
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  expect(sockets).toHaveLength(1);
});

test('nothing is connected for who has gone already', async () => {
  const { url, sockets } = await serveTcp('http', () => undefined);
  const gone = new AbortController();
  const reason = new Error('gone');
  gone.abort(reason);
  await expect(dial(url, { timeout: 5000, signal: gone.signal })).rejects.toBe(reason);
  const { signal } = new AbortController();
  const other = await dial(url, { timeout: 5000, signal });
  onTestFinished(() => void other.destroy());
  expect(sockets).toHaveLength(1);
});

test('a connection ends with its signal', async () => {
  const { url } = await serveTcp('http', () => undefined);
  const user = new AbortController();
  const socket = await dial(url, { timeout: 5000, signal: user.signal });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  user.abort();
  await closed;
  expect(socket.destroyed).toBe(true);
});
