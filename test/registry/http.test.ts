import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HostCertificates } from '../../src/config/certs-d.ts';
import type { RegistrySecurity } from '../../src/config/registry-security.ts';
import { OcipushError } from '../../src/errors.ts';
import type { ByteStream } from '../../src/io/bytes.ts';
import { HttpClient, type HttpRequest } from '../../src/registry/http.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import { STRAIGHT } from '../support/registry-options.ts';
import { watch, watched } from '../support/streams.ts';
import { thrownBy } from '../support/thrown.ts';
import { serveHttp, serveTcp, type Listener } from './server.ts';

const MIB = 1024 * 1024;

function openClient(
  certificates = STRAIGHT.certificates,
  security: RegistrySecurity = 'secure',
): HttpClient {
  const client = new HttpClient({ ...STRAIGHT, certificates, security });
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

function send(url: URL, message: Partial<HttpRequest> = {}): ReturnType<HttpClient['send']> {
  const { signal } = new AbortController();
  return openClient().send({ method: 'GET', url, signal, ...message });
}

/** Bytes without end. */
async function* endless(): ByteStream {
  for (;;) yield Buffer.alloc(100_000);
}

/** A stream that stops for ever after these bytes. */
async function* stuck(bytes: Uint8Array): ByteStream {
  yield bytes;
  await new Promise(() => undefined);
}

async function digestOfBody(request: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of request) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

const echo: Listener = async (request, response) => {
  const digest = await digestOfBody(request);
  response.setHeader('set-cookie', ['a', 'b']).setHeader('x-url', request.url ?? '');
  response.setHeader('x-length', request.headers['content-length'] ?? 'chunked');
  response.writeHead(418).end(digest);
};

describe('an answer', () => {
  test('is one whatever its status', async () => {
    const { url } = await serveHttp(echo);
    const answer = await send(url, { method: 'PUT', body: Buffer.from('abc') });
    expect(answer.status).toBe(418);
    expect(answer.url).toBe(url);
    expect(answer.headers('set-cookie')).toEqual(['a', 'b']);
    expect(answer.header('set-cookie')).toBe('a');
    expect([answer.header('x-url'), answer.header('x-length')]).toEqual(['/v2/?x=1', '3']);
    expect(answer.headers('x-none')).toEqual([]);
    expect(answer.header('x-none')).toBeUndefined();
    expect(Buffer.from(answer.body).toString()).toBe(
      createHash('sha256').update('abc').digest('hex'),
    );
  });

  test('without end is cut off, and its connection closed', async () => {
    const { url, sockets } = await serveHttp((_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(50_000)));
        response.once('drain', write);
      };
      write();
    });
    const answer = await send(url);
    expect([answer.status, answer.body.length]).toEqual([200, MIB]);
    const [socket] = sockets;
    await new Promise((resolve) => {
      if (socket?.closed === false) socket.once('close', resolve);
      else resolve(socket);
    });
  });

  test('that is no HTTP is none', async () => {
    const { url } = await serveTcp('http', (socket) => socket.end('220 mail.test ESMTP\r\n'));
    expect(await thrownBy(send(url))).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  });

  test('leaves the connection for the next request, side by side, too', async () => {
    const { url, sockets } = await serveHttp(echo);
    const client = openClient();
    const { signal } = new AbortController();
    const body = (): ByteStream => watched([Buffer.alloc(100_000)]).stream;
    const headers = { 'content-length': '100000' };
    const inTurn = async (): Promise<void> => {
      await client.send({ method: 'HEAD', url, signal });
      await client.send({ method: 'POST', url, signal });
      await client.send({ method: 'PUT', url, headers, body: body(), signal });
      await client.send({ method: 'PATCH', url, body: body(), signal });
      await client.send({ method: 'DELETE', url, signal });
    };
    await inTurn();
    expect(sockets).toHaveLength(1);
    await Promise.all([inTurn(), inTurn(), inTurn()]);
    expect(sockets).toHaveLength(3);
  });
});

describe('a streamed body', () => {
  test.each<readonly [what: string, length: string | undefined, shown: string]>([
    ['of a length that is told', '6', '6'],
    ['of unknown length', undefined, 'chunked'],
  ])('%s', async (_, length, shown) => {
    const { url } = await serveHttp(echo);
    const { stream } = watched([Buffer.from('abc'), Buffer.alloc(0), Buffer.from('def')]);
    const headers = length === undefined ? {} : { 'content-length': length };
    const answer = await send(url, { method: 'PUT', headers, body: stream });
    expect(answer.header('x-length')).toBe(shown);
    expect(Buffer.from(answer.body).toString()).toBe(
      createHash('sha256').update('abcdef').digest('hex'),
    );
  });

  test('may be empty', async () => {
    const { url } = await serveHttp(echo);
    const headers = { 'content-length': '0' };
    const answer = await send(url, { method: 'PUT', headers, body: watched([]).stream });
    expect([answer.status, answer.header('x-length')]).toEqual([418, '0']);
  });

  test('is left when the server has seen enough', async () => {
    const { url } = await serveHttp((_, response) => response.writeHead(413).end('too much'));
    const body = watch(endless());
    const answer = await send(url, { method: 'PATCH', body: body.stream });
    expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([413, 'too much']);
    await body.whenReleased;
  });

  test('is not stored before it was sent', async () => {
    const { url } = await serveHttp((_, response) => response.writeHead(201).end());
    const body = watch(endless());
    const error = await thrownBy(send(url, { method: 'PATCH', body: body.stream }));
    expect(error).toMatchObject({ code: 'REGISTRY_ANSWER_INVALID', retryable: true });
    await body.whenReleased;
  });

  test('that fails is what has failed', async () => {
    const { url } = await serveHttp(echo);
    const failure = new TypeError('unreadable');
    const body = watched([Buffer.alloc(200_000)], failure);
    await expect(send(url, { method: 'PUT', body: body.stream })).rejects.toBe(failure);
  });
});

describe('a connection that breaks', () => {
  test.each<readonly [when: string, act: (socket: Socket) => void]>([
    ['before the answer', (socket) => socket.once('data', () => socket.end())],
    ['hard', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['in the head of the answer', (socket) => socket.end('HTTP/1.1 201 Created\r\nContent-')],
    [
      'in the body of the answer',
      (socket) => socket.end('HTTP/1.1 201 OK\r\nContent-Length: 9\r\n\r\nab'),
    ],
  ])('%s', async (_, act) => {
    const { url } = await serveTcp('http', act);
    const body = watch(endless());
    const error = await thrownBy(send(url, { method: 'PATCH', body: body.stream }));
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', retryable: true });
    expect(error.message).toMatch(/^Patch "http:\/\/127\.0\.0\.1:\d+\/v2\/": /);
    await body.whenReleased;
  });

  test('or is never made', async () => {
    const { url, sockets } = await serveTcp('http', () => undefined);
    const gone = new URL(url);
    gone.port = '1';
    expect(await thrownBy(send(gone))).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      context: { code: 'ECONNREFUSED' },
    });
    expect(sockets).toEqual([]);
  });
});

describe('an abort', () => {
  const reason = new OcipushError('ABORTED', 'interrupted');

  test('comes first', async () => {
    const { url, sockets } = await serveHttp(echo);
    await expect(send(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(sockets).toEqual([]);
  });

  test.each<readonly [when: string, scheme: 'http' | 'https', body: ByteStream | undefined]>([
    ['while the connection is made', 'https', undefined],
    ['while the answer is waited for', 'http', undefined],
    ['while bytes are waited for', 'http', stuck(Buffer.alloc(10))],
    ['while bytes are sent', 'http', endless()],
  ])('%s', async (_, scheme, body) => {
    const abort = new AbortController();
    const { url } = await serveTcp(scheme, (socket) => {
      socket.once('data', () => abort.abort(reason));
    });
    await expect(send(url, { method: 'PUT', body, signal: abort.signal })).rejects.toBe(reason);
  });

  test('in the middle of an answer', async () => {
    const abort = new AbortController();
    const { url } = await serveHttp((_, response) => {
      response.writeHead(200).write('begin', () => abort.abort(reason));
    });
    await expect(send(url, { signal: abort.signal })).rejects.toBe(reason);
  });

  test('releases the body', async () => {
    const abort = new AbortController();
    const { url } = await serveTcp('http', (socket) => {
      socket.once('data', () => abort.abort(reason));
    });
    const body = watch(endless());
    const message = { method: 'PUT', body: body.stream, signal: abort.signal } as const;
    await expect(send(url, message)).rejects.toBe(reason);
    await body.whenReleased;
  });

  test('of the client ends what is under way', async () => {
    const client = openClient();
    const { url, sockets } = await serveTcp('http', (socket) => {
      socket.once('data', () => void client[Symbol.asyncDispose]());
    });
    const { signal } = new AbortController();
    const error = await thrownBy(client.send({ method: 'GET', url, signal }));
    expect(error.code).toBe('REGISTRY_UNREACHABLE');
    expect(sockets).toHaveLength(1);
  });
});

describe('TLS', () => {
  const { cert, key } = TEST_CERTIFICATE;
  const trusting: HostCertificates = { authorities: [cert], clients: [] };
  const showing: HostCertificates = { authorities: [cert], clients: [{ certificate: cert, key }] };

  test.each<readonly [what: string, certificates: HostCertificates, security: RegistrySecurity]>([
    ['trusts the authorities it is given', trusting, 'secure'],
    ['trusts everybody where nothing is verified', STRAIGHT.certificates, 'insecure'],
  ])('%s', async (_, certificates, security) => {
    const { url } = await serveHttp(echo, { cert, key });
    const { signal } = new AbortController();
    const answer = openClient(certificates, security).send({ method: 'GET', url, signal });
    expect((await answer).status).toBe(418);
  });

  test('shows its certificate where one is asked for', async () => {
    const { url } = await serveHttp(echo, { cert, key, ca: cert });
    const { signal } = new AbortController();
    expect((await openClient(showing).send({ method: 'GET', url, signal })).status).toBe(418);
    // Node's server says no by hanging up.
    await thrownBy(openClient(trusting).send({ method: 'GET', url, signal }));
  });

  test('trusts nobody else', async () => {
    const { url } = await serveHttp(echo, { cert, key });
    const error = await thrownBy(send(url));
    expect(error).toMatchObject({ code: 'TLS_FAILED', retryable: false });
    expect(error.message).toContain('x509: certificate signed by unknown authority');
  });

  test('is not what a plain server speaks', async () => {
    const { url } = await serveHttp(echo);
    url.protocol = 'https:';
    const error = await thrownBy(send(url));
    expect(error).toMatchObject({ code: 'TLS_FAILED', retryable: false });
    expect(error.message).toContain('http: server gave HTTP response to HTTPS client');
  });
});
