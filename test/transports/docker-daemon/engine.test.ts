/** What the engine is told, and what is made of its answers. */
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OcipushError } from '../../../src/errors.ts';
import { single, type ByteStream } from '../../../src/io/bytes.ts';
import { Engine } from '../../../src/transports/docker-daemon/engine.ts';
import type { TransportContext } from '../../../src/transports/transport.ts';
import { noise } from '../../support/make-image.ts';
import { TEST_CERTIFICATE } from '../../support/registry/certificate.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { bytesOf, reusing } from '../../support/streams.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeContext } from '../../support/transport-context.ts';
import { startFakeEngine, type FakeEngineOptions } from './fake-engine.ts';

const ARCHIVE = noise(700_000);

function contextFor(
  host: string,
  environment: NodeJS.ProcessEnv = {},
  given: Partial<TransportContext> = {},
): TransportContext {
  return makeContext({ environment: { DOCKER_HOST: host, ...environment }, ...given });
}

async function connect(context: TransportContext): Promise<Engine> {
  const engine = await Engine.connect(context, 'destination');
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return engine;
}

describe('connecting', () => {
  test.each([
    [{}, {}, ['HEAD /_ping', 'POST /v1.47/images/load?quiet=1']],
    [{ apiVersion: '1.41' }, {}, ['HEAD /_ping', 'POST /v1.41/images/load?quiet=1']],
    [{ apiVersion: '1.9' }, {}, ['HEAD /_ping', 'POST /v1.9/images/load?quiet=1']],
    [{ apiVersion: '2.0' }, {}, ['HEAD /_ping', 'POST /v1.47/images/load?quiet=1']],
    [
      { apiVersion: undefined },
      {},
      ['HEAD /_ping', 'GET /_ping', 'POST /v1.24/images/load?quiet=1'],
    ],
    [
      { apiVersion: undefined, pingStatus: 403 },
      {},
      ['HEAD /_ping', 'GET /_ping', 'POST /v1.24/images/load?quiet=1'],
    ],
    [{}, { DOCKER_API_VERSION: '1.30' }, ['HEAD /_ping', 'POST /v1.30/images/load?quiet=1']],
    [{}, { DOCKER_API_VERSION: 'v1.50' }, ['HEAD /_ping', 'POST /v1.50/images/load?quiet=1']],
  ] as const)('to an engine %j with %j', async (options, environment, requests) => {
    const fake = await startFakeEngine(options);
    const engine = await connect(contextFor(fake.host, environment));
    await engine.load(single(ARCHIVE));
    expect(fake.requests).toEqual(requests);
    expect(fake.headers.at(-1)).toMatchObject({
      host: 'api.moby.localhost',
      'content-type': 'application/x-tar',
      'transfer-encoding': 'chunked',
      'user-agent': 'agent/1',
    });
  });

  test('by TCP', async () => {
    const fake = await startFakeEngine({ listen: 'tcp' });
    await connect(contextFor(fake.host));
    expect(fake.headers[0]?.host).toBe(fake.host.slice('tcp://'.length));
  });

  test('by TLS to an engine that the certificates know', async () => {
    const fake = await startFakeEngine({ listen: 'tls' });
    const directory = await temporaryDirectory();
    const environment = { DOCKER_CERT_PATH: directory, DOCKER_TLS_VERIFY: '1' };
    const failing = connect(contextFor(fake.host, environment));
    expect(await thrownBy(failing)).toMatchObject({
      code: 'TLS_FAILED',
      origin: 'destination',
      retryable: false,
    });
    await writeFile(join(directory, 'ca.pem'), TEST_CERTIFICATE.cert);
    await connect(contextFor(fake.host, environment));
  });

  test('by TLS without verification', async () => {
    const fake = await startFakeEngine({ listen: 'tls' });
    const context = contextFor(fake.host, { DOCKER_CERT_PATH: '/nowhere' });
    await connect({ ...context, registry: { ...context.registry, tlsVerify: false } });
    expect(fake.requests).toEqual(['HEAD /_ping']);
  });

  test.each([
    ['unix:///nowhere/docker.sock', 'no such file or directory'],
    ['tcp://127.0.0.1:1', 'connection refused'],
  ])('to %s says that there is none', async (host, reason) => {
    expect(await thrownBy(connect(contextFor(host)))).toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      origin: 'destination',
      message: `Cannot connect to the Docker daemon at ${host}: ${reason}`,
      hint: expect.stringContaining('DOCKER_HOST'),
      retryable: false,
    });
  });

  test('to a socket that may not be used says who may', async () => {
    const fake = await startFakeEngine();
    const socket = fake.host.slice('unix://'.length);
    await chmod(join(socket, '..'), 0o755);
    await chmod(socket, 0);
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    const error = await thrownBy(connect(contextFor(fake.host))).finally(() => {
      if (root) process.seteuid?.(0);
    });
    expect(error.message).toContain('permission denied');
    expect(error.hint).toContain('group docker');
  });

  test('to what speaks TLS without it says so', async () => {
    const options = { listen: 'tcp', apiVersion: undefined, pingStatus: 400 } as const;
    const fake = await startFakeEngine(options);
    const error = await thrownBy(connect(contextFor(fake.host)));
    expect(error).toMatchObject({ code: 'DAEMON_REJECTED' });
    expect(error.hint).toContain('DOCKER_TLS_VERIFY');
  });

  test('to what ends every connection may be tried again', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    expect(await thrownBy(connect(contextFor(`tcp://127.0.0.1:${port}`)))).toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      message: expect.stringContaining('was cut off'),
      retryable: true,
    });
  });

  test('ends when the user wants it, though nobody answers', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const ending = new AbortController();
    const { signal } = ending;
    server.once('connection', () => ending.abort(new OcipushError('ABORTED', 'interrupted')));
    const connecting = connect(contextFor(`tcp://127.0.0.1:${port}`, {}, { signal }));
    expect(await thrownBy(connecting)).toMatchObject({ code: 'ABORTED' });
  });

  test('refuses a version that is none', async () => {
    const connecting = connect(contextFor('unix:///x', { DOCKER_API_VERSION: 'new' }));
    expect(await thrownBy(connecting)).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('load', () => {
  async function load(options: FakeEngineOptions, archive?: ByteStream): Promise<void> {
    const fake = await startFakeEngine(options);
    await (await connect(contextFor(fake.host))).load(archive ?? single(ARCHIVE));
  }

  test('sends all of the archive', async () => {
    const fake = await startFakeEngine();
    const engine = await connect(contextFor(fake.host));
    await engine.load(reusing(ARCHIVE, [1, 70_000, 0, 512, 262_144]));
    expect(Buffer.compare(fake.loaded[0] ?? Buffer.alloc(0), ARCHIVE)).toBe(0);
  });

  test.each([
    [200, '{"errorDetail":{"message":"no \\"room\\""},"error":"no room"}', 'no "room"'],
    [200, '{"stream":"a"}\r\n{"error":"no room"}\r\n', 'no room'],
    [200, '{"errorDetail":{},"error":"no room"}', 'no room'],
    [200, '{"errorDetail":{"message":{"toString":1}}}', 'an error that is no text'],
    [500, '{"message":"no room"}', 'no room'],
    [503, 'Service Unavailable', 'Service Unavailable'],
    [502, '', 'status 502'],
  ])('tells of status %i with %s', async (status, body, message) => {
    const loading = load({
      load: (request, response) => {
        request.resume().on('end', () => response.writeHead(status).end(body));
      },
    });
    expect(await thrownBy(loading)).toMatchObject({
      code: 'DAEMON_REJECTED',
      origin: 'destination',
      message: `docker engine reported: ${JSON.stringify(message)}`,
    });
  });

  test.each([
    [500, '{"message":"no room"}', 'no room'],
    [200, '{"stream":"done"}', 'before it had the whole archive'],
  ])('tells of an early status %i', async (status, body, message) => {
    async function* endless(): ByteStream {
      for (;;) yield ARCHIVE;
    }
    const answer: FakeEngineOptions['load'] = (_request, response) => {
      response.writeHead(status).end(body);
    };
    const error = await thrownBy(load({ load: answer }, endless()));
    expect(error.message).toContain(message);
  });

  test('tells of a connection that ends', async () => {
    const loading = load({ load: (request) => void request.socket.destroy() });
    expect(await thrownBy(loading)).toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      retryable: true,
    });
  });

  test('breaks off when the archive does', async () => {
    const fake = await startFakeEngine();
    const engine = await connect(contextFor(fake.host));
    const failure = new OcipushError('BLOB_UNKNOWN', 'not there', { origin: 'source' });
    async function* broken(): ByteStream {
      yield ARCHIVE;
      throw failure;
    }
    await expect(engine.load(broken())).rejects.toBe(failure);
    await fake.brokenOff;
    expect(fake.loaded).toEqual([]);
  });

  test('breaks off when the user wants it', async () => {
    const fake = await startFakeEngine();
    const ending = new AbortController();
    const engine = await connect(contextFor(fake.host, {}, { signal: ending.signal }));
    async function* endless(): ByteStream {
      yield ARCHIVE;
      ending.abort(new OcipushError('ABORTED', 'interrupted'));
      for (;;) yield ARCHIVE;
    }
    expect(await thrownBy(engine.load(endless()))).toMatchObject({ code: 'ABORTED' });
    await fake.brokenOff;
    expect(fake.loaded).toEqual([]);
  });
});

describe('save', () => {
  async function save(options: FakeEngineOptions): Promise<Buffer> {
    const fake = await startFakeEngine(options);
    const engine = await connect(contextFor(fake.host));
    const bytes = await bytesOf(engine.save('example.com/x:1'));
    expect(fake.requests[1]).toBe('GET /v1.47/images/get?names=example.com%2Fx%3A1');
    return bytes;
  }

  test('gives all of the archive', async () => {
    expect(Buffer.compare(await save({ save: (response) => response.end(ARCHIVE) }), ARCHIVE)).toBe(
      0,
    );
  });

  test.each([
    [404, 'no such image', 'SOURCE_NOT_FOUND'],
    [500, 'x:1: image not known', 'SOURCE_NOT_FOUND'],
    [500, 'no room', 'DAEMON_REJECTED'],
  ])('tells of status %i with %s', async (status, message, code) => {
    const body = JSON.stringify({ message });
    const saving = save({ save: (response) => response.writeHead(status).end(body) });
    expect(await thrownBy(saving)).toMatchObject({
      code,
      message: `docker engine reported: "${message}"`,
    });
  });

  test('tells of a connection that ends', async () => {
    const saving = save({
      save: (response) => {
        response.write(ARCHIVE, () => response.destroy());
      },
    });
    expect(await thrownBy(saving)).toMatchObject({ code: 'DAEMON_UNREACHABLE', retryable: true });
  });
});
