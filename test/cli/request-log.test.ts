import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { logRequests } from '../../src/cli/request-log.ts';
import { HttpClient } from '../../src/registry/http.ts';
import { STRAIGHT } from '../support/registry-options.ts';

interface Served extends AsyncDisposable {
  readonly origin: string;
}

async function serve(answer: RequestListener): Promise<Served> {
  const server: Server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends a request while it is listened. */
async function logged(address: string): Promise<readonly string[]> {
  const lines: string[] = [];
  let time = 0;
  const stop = logRequests(
    (message) => lines.push(message),
    () => (time += 5),
  );
  await using http = new HttpClient(STRAIGHT);
  const { signal } = new AbortController();
  await http.send({ method: 'GET', url: new URL(address), signal }).catch(() => undefined);
  stop();
  return lines;
}

describe('logRequests', () => {
  test.each([
    ['/v2/a/manifests/1', '/v2/a/manifests/1'],
    [
      '/v2/a/blobs/uploads/?mount=sha256:12&from=team/base',
      '/v2/a/blobs/uploads/?mount=sha256:12&from=team/base',
    ],
    [
      '/upload/7?_state=secret&digest=sha256%3A12&X-Amz-Signature=secret',
      '/upload/7?_state=…&digest=sha256:12&X-Amz-Signature=…',
    ],
  ])('%s', async (path, shown) => {
    await using server = await serve((_request, response) => response.writeHead(404).end('no'));
    expect(await logged(server.origin + path)).toEqual([
      `GET ${server.origin}${shown}: 404 after 5 ms`,
    ]);
  });

  test('a request without an answer', async () => {
    await using server = await serve((request) => request.socket.destroy());
    expect(await logged(`${server.origin}/v2/`)).toEqual([
      `GET ${server.origin}/v2/: no answer after 5 ms`,
    ]);
  });

  test('an answer that breaks off is told of once', async () => {
    await using server = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('1', () => request.socket.destroy());
    });
    expect(await logged(`${server.origin}/v2/`)).toEqual([
      `GET ${server.origin}/v2/: 200 after 5 ms`,
    ]);
  });

  test('hears nothing any more once it is stopped', async () => {
    await using server = await serve((_request, response) => response.end());
    const lines: string[] = [];
    logRequests((message) => lines.push(message))();
    expect(await logged(`${server.origin}/`)).toHaveLength(1);
    expect(lines).toEqual([]);
  });
});
