/** How requests get to where they should: straight or through proxies, to servers that are trusted. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { OcipushError } from '../../src/errors.ts';
import type { ConnectionSettings } from '../../src/registry/connections.ts';
import { HttpClient, type HttpResponse } from '../../src/registry/http.ts';
import { FIRST_CERTIFICATE } from '../config/certificates.ts';
import { startForwardProxy, type ForwardProxy } from '../support/forward-proxy.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import type { TlsFiles } from '../support/registry/listener.ts';
import { STRAIGHT } from '../support/registry-options.ts';
import { thrownBy } from '../support/thrown.ts';
import { serveHttp, serveTcp, type Listener } from './server.ts';

const SECRET = `Basic ${Buffer.from('me:a:very/secret@word').toString('base64')}`;
const CREDENTIALS = 'me:a%3Avery%2Fsecret%40word@';
const TRUSTING: Partial<ConnectionSettings> = {
  systemAuthorities: () => [TEST_CERTIFICATE.cert],
};

const hello: Listener = ({ headers, url }, response) => {
  response.setHeader('x-host', headers.host ?? '').setHeader('x-url', url ?? '');
  response.setHeader('x-proxy', headers['proxy-authorization'] ?? '');
  response.end();
};

function openClient(settings: Partial<ConnectionSettings>): HttpClient {
  const client = new HttpClient({ ...STRAIGHT, ...settings });
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

function send(client: HttpClient, url: string): Promise<HttpResponse> {
  const { signal } = new AbortController();
  return client.send({ method: 'GET', url: new URL(url), signal });
}

interface Path {
  readonly proxy: ForwardProxy;
  readonly client: HttpClient;
}

interface PathOptions {
  /** Before the host in the URL of the proxy. */
  readonly credentials?: string;
  readonly guarded?: boolean;
  readonly server?: TlsFiles;
  readonly proxy?: TlsFiles;
}

/** A client whose every request goes through a proxy to a server. */
async function openPath(options: PathOptions = {}): Promise<Path> {
  const { url } = await serveHttp(hello, options.server);
  const proxy = await startForwardProxy({
    target: url.host,
    ...(options.guarded && { authorization: SECRET }),
    ...(options.proxy && { tls: options.proxy }),
  });
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const address = new URL(proxy.url.replace('//', `//${options.credentials ?? ''}`));
  return { proxy, client: openClient({ ...TRUSTING, proxyFor: () => address }) };
}

describe('through a proxy', () => {
  test.each([
    ['http', undefined],
    ['https', TEST_CERTIFICATE],
  ])('of %s a plain request is sent with its whole address', async (scheme, tls) => {
    const { proxy, client } = await openPath(tls && { proxy: tls });
    const answer = await send(client, 'http://r.test:5000/v2/?a=1');
    expect([answer.status, answer.header('x-host'), answer.header('x-url')]).toEqual([
      200,
      'r.test:5000',
      '/v2/?a=1',
    ]);
    const asked = scheme === 'http' ? 'GET http://r.test:5000/v2/?a=1 -' : 'CONNECT r.test:5000 -';
    expect(proxy.requests).toEqual([asked]);
  });

  test.each([undefined, TEST_CERTIFICATE])('TLS is spoken to the server (%#)', async (tls) => {
    const { proxy, client } = await openPath({
      server: TEST_CERTIFICATE,
      ...(tls && { proxy: tls }),
    });
    const answer = await send(client, 'https://localhost/v2/');
    expect([answer.status, answer.header('x-host')]).toEqual([200, 'localhost']);
    await send(client, 'https://localhost/v2/');
    expect(proxy.requests).toEqual(['CONNECT localhost:443 -']);
  });

  test.each([
    ['http://r.test/v2/', undefined, 'GET http://r.test/v2/'],
    ['https://localhost:5000/v2/', TEST_CERTIFICATE, 'CONNECT localhost:5000'],
  ])('that wants a password: %s', async (address, server, asked) => {
    const tls = server && { server };
    const { proxy, client } = await openPath({ ...tls, guarded: true, credentials: CREDENTIALS });
    const answer = await send(client, address);
    expect(answer.status).toBe(200);
    expect(proxy.requests).toEqual([`${asked} ${SECRET}`]);
    expect(answer.header('x-proxy')).toBe('');
  });

  test('that wants another password', async () => {
    const wrong = 'me:wrong-secret@';
    const { client } = await openPath({ guarded: true, credentials: wrong });
    const error = await thrownBy(send(client, 'https://r.test/'));
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', retryable: false });
    expect(error.message).toContain('the proxy answered 407 Proxy Authentication Required');
    expect(JSON.stringify([error, error.message, error.hint])).not.toContain('secret');
    expect((await send(client, 'http://r.test/')).status).toBe(407);
  });

  test.each(['http', 'https'])('that does not listen (%s)', async (scheme) => {
    const proxy = await startForwardProxy({ target: '127.0.0.1:1' });
    await proxy[Symbol.asyncDispose]();
    const address = new URL(proxy.url.replace('//', '//me:secret@'));
    const client = openClient({ proxyFor: () => address });
    const error = await thrownBy(send(client, `${scheme}://r.test/`));
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', retryable: true });
    expect(error.message).toMatch(/^proxyconnect tcp: .* connection refused$/);
    expect(error.message).toContain(address.host);
    expect(error.message).not.toMatch(/secret|r\.test/);
  });

  test.each([
    ['hangs up', (end: () => void) => end()],
    ['speaks no HTTP', (_: unknown, write: (text: string) => void) => write('220 mail\r\n')],
  ])('that %s', async (_, act) => {
    const { url } = await serveTcp('http', (socket) => {
      socket.once('data', () => {
        act(
          () => socket.destroy(),
          (text) => void socket.end(text),
        );
      });
    });
    const client = openClient({ proxyFor: () => url });
    const error = await thrownBy(send(client, 'https://r.test/'));
    expect(error.code).toBe('REGISTRY_UNREACHABLE');
    expect(error.message).toMatch(/^proxyconnect tcp: /);
  });

  test('that nobody trusts nothing is sent, also where the registry may be anybody', async () => {
    const { url } = await serveHttp(hello);
    const proxy = await startForwardProxy({ target: url.host, tls: TEST_CERTIFICATE });
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const client = openClient({ security: 'insecure', proxyFor: () => new URL(proxy.url) });
    expect(await thrownBy(send(client, 'https://r.test/'))).toMatchObject({ code: 'TLS_FAILED' });
    expect(proxy.requests).toEqual([]);
  });
});

describe('a connection that is made before it is needed', () => {
  test.each([undefined, TEST_CERTIFICATE])('is that of the first request (%#)', async (tls) => {
    const { url, sockets } = await serveHttp(hello, tls);
    const client = openClient(TRUSTING);
    client.prepare(url);
    expect((await send(client, url.href)).status).toBe(200);
    await send(client, url.href);
    expect(sockets).toHaveLength(1);
    await Promise.all([send(client, url.href), send(client, url.href)]);
    expect(sockets).toHaveLength(2);
  });

  test('may be one of several', async () => {
    const { url, sockets } = await serveHttp(hello, TEST_CERTIFICATE);
    const client = openClient(TRUSTING);
    for (let count = 0; count < 3; count += 1) client.prepare(url);
    await Promise.all([send(client, url.href), send(client, url.href)]);
    await Promise.all([1, 2, 3, 4].map(() => send(client, url.href)));
    expect(sockets).toHaveLength(4);
  });

  test('fails when the request is made', async () => {
    const { url } = await serveHttp(hello, TEST_CERTIFICATE);
    const client = openClient({});
    client.prepare(url);
    expect(await thrownBy(send(client, url.href))).toMatchObject({ code: 'TLS_FAILED' });
  });

  test('ends with the client when it was not needed', async () => {
    let opened = (_socket: Socket): void => {};
    const hasOpened = new Promise<Socket>((resolve) => (opened = resolve));
    const { url } = await serveTcp('http', (socket) => opened(socket.resume()));
    const client = new HttpClient(STRAIGHT);
    client.prepare(url);
    const hasClosed = once(await hasOpened, 'close');
    await client[Symbol.asyncDispose]();
    expect(await hasClosed).toEqual([false]); // without an error
  });

  test('leads to the proxy where there is one', async () => {
    const { proxy, client } = await openPath();
    client.prepare(new URL('http://r.test:5000/'));
    await send(client, 'http://r.test:5000/v2/');
    expect(proxy.requests).toEqual(['GET http://r.test:5000/v2/ -']);
  });
});

describe('the authorities of the machine', () => {
  test.each<readonly [what: string, system: readonly string[] | undefined, outcome: unknown]>([
    ['are trusted', [TEST_CERTIFICATE.cert], 200],
    ['and no others', [FIRST_CERTIFICATE], 'TLS_FAILED'],
    ['are nobody', [], 'TLS_FAILED'],
    ['are those of Node where the machine has none', undefined, 'TLS_FAILED'],
  ])('%s', async (_, system, outcome) => {
    const { url } = await serveHttp(hello, TEST_CERTIFICATE);
    const sent = send(openClient({ systemAuthorities: () => system }), url.href);
    const seen = await sent.then(
      ({ status }) => status,
      (error: OcipushError) => error.code,
    );
    expect(seen).toBe(outcome);
  });

  test('are read for HTTPS alone, once, and not where nothing is verified', async () => {
    const [plain, secure] = [await serveHttp(hello), await serveHttp(hello, TEST_CERTIFICATE)];
    let readings = 0;
    const systemAuthorities = () => {
      readings += 1;
      return [TEST_CERTIFICATE.cert];
    };
    const client = openClient({ systemAuthorities });
    await send(client, plain.url.href);
    expect(readings).toBe(0);
    await Promise.all([send(client, secure.url.href), send(client, secure.url.href)]);
    expect(readings).toBe(1);
    await send(openClient({ systemAuthorities, security: 'insecure' }), secure.url.href);
    expect(readings).toBe(1);
  });
});
