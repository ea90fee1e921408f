import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openDelayedLink } from './delayed-link.ts';

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('connecting takes a round trip, and so does every request', async () => {
  const server = createServer((request, response) => {
    request.on('data', (chunk) => response.write(chunk)).on('end', () => response.end());
  });
  await using link = await openDelayedLink(await listen(server), 40);
  const body = 'x'.repeat(300_000);
  const ask = async (): Promise<number> => {
    const start = performance.now();
    const answer = await fetch(`http://${link.host}/`, { method: 'POST', body });
    expect(await answer.text()).toBe(body);
    return performance.now() - start;
  };
  expect(await ask()).toBeGreaterThanOrEqual(79);
  const again = await ask();
  expect(again).toBeGreaterThanOrEqual(39);
});

test('a connection that one side ends is ended at the other', async () => {
  const server = createServer((_, response) =>
    response.writeHead(200, { connection: 'close' }).end('x'),
  );
  await using link = await openDelayedLink(await listen(server), 2);
  const answer = await fetch(`http://${link.host}/`);
  expect(await answer.text()).toBe('x');
});
