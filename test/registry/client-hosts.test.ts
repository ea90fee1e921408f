/** Where requests go, and what they take along: redirects, and plain HTTP. */
import { EventEmitter } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { RegistryClient, ReplayableRequest } from '../../src/registry/client.ts';
import type { Fault } from '../support/registry/faults.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import { watched } from '../support/streams.ts';
import { thrownBy } from '../support/thrown.ts';
import { openClient, openRegistry, PASSWORD } from './open-client.ts';
import { serveHttp, serveTcp } from './server.ts';

const BASIC = { ...PASSWORD, kind: 'basic' } as const;
const HEAD: ReplayableRequest = {
  method: 'HEAD',
  target: 'manifests/1',
  accept: [404],
  attempt: 'asking',
};
const START: ReplayableRequest = {
  method: 'POST',
  target: 'blobs/uploads/',
  accept: [202],
  attempt: 'starting',
};
/** The first byte of a connection that begins with TLS (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;

/**
 * A client for a server that answers 404 over plain HTTP and, once it has been asked that way, hands
 * over the connections that begin with TLS.
 * @returns the client, and the methods of the plain requests
 */
async function openEither(
  onHello: (socket: Socket) => void,
): Promise<{ readonly client: RegistryClient; readonly requests: readonly string[] }> {
  const requests: string[] = [];
  const asked = new EventEmitter();
  const { url } = await serveTcp('https', (socket) => {
    socket.once('data', (first: Buffer) => {
      if (first[0] === TLS_HANDSHAKE) {
        socket.pause();
        socket.unshift(first);
        if (requests.length > 0) onHello(socket);
        else asked.once('asked', () => onHello(socket));
        return;
      }
      requests.push(first.toString().split(' ')[0] ?? '');
      socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      asked.emit('asked');
    });
  });
  const { client } = await openClient(url.host);
  return { client, requests };
}

const credentialsFor = async (): Promise<typeof PASSWORD> => PASSWORD;

describe('redirects', () => {
  const to = (location: string, status = 307): Fault['do'] => ({ status, headers: { location } });

  test.each([301, 302, 303, 307, 308])('are followed with method and body: %i', async (status) => {
    const seen: string[] = [];
    const { url } = await serveHttp(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push(`${request.method} ${request.url} ${body}`);
      if (request.url === '/there?a=1') response.writeHead(201).end();
      else response.writeHead(status, { location: '/there?a=1' }).end();
    });
    const { client } = await openClient(url.host);
    const body = Buffer.from('abc');
    await client.send({ ...START, method: 'PUT', target: 'x', body, accept: [201] });
    expect(seen).toEqual(['PUT /v2/team/app/x abc', 'PUT /there?a=1 abc']);
  });

  test('take no credentials to another host', async () => {
    const other = await openRegistry();
    const on = { method: 'HEAD', nth: 2 };
    const faults = [{ on, do: to(`${other.registry.url}/v2/other/manifests/1`) }];
    const { client, registry } = await openRegistry({ auth: BASIC, faults }, { credentialsFor });
    expect((await client.send(HEAD)).status).toBe(404);
    expect(registry.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
    expect(other.registry.requests).toHaveLength(1);
    expect(other.registry.requests[0]?.headers.authorization).toBeUndefined();
  });

  test.each(['Basic realm="evil"', 'Bearer realm="{origin}/token"'])(
    'lead to nobody who is told a password: %s',
    async (challenge) => {
      const seen: unknown[] = [];
      const { url } = await serveHttp(({ headers }, response) => {
        seen.push(headers.authorization);
        response.setHeader('www-authenticate', challenge.replace('{origin}', url.origin));
        response.writeHead(401).end();
      });
      const faults = [{ on: { method: 'HEAD', nth: 2 }, do: to(url.href) }];
      const { client, registry } = await openRegistry({ auth: BASIC, faults }, { credentialsFor });
      expect(await thrownBy(client.send(HEAD))).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
      expect(seen).toEqual([undefined]);
      // What the other host said is not taken for the registry's word.
      await client.send(START);
      expect(registry.requests.at(-1)).toMatchObject({ method: 'POST', status: 202 });
    },
  );

  test('in a circle end', async () => {
    const faults = [{ on: { times: Infinity }, do: to('/v2/team/app/manifests/1') }];
    const { client, registry } = await openRegistry({ faults });
    const error = await thrownBy(client.send(HEAD));
    expect(error).toMatchObject({ code: 'REGISTRY_STATUS', context: { status: 307 } });
    expect(registry.requests).toHaveLength(11);
  });

  test('to nowhere are a refusal', async () => {
    const { client, registry } = await openRegistry({ faults: [{ on: {}, do: { status: 307 } }] });
    const error = await thrownBy(client.send(HEAD));
    expect(error).toMatchObject({ code: 'REGISTRY_STATUS', context: { status: 307 } });
    expect(registry.requests).toHaveLength(1);
  });

  test('of a stream are a refusal, not a success', async () => {
    const { client } = await openRegistry({ faults: [{ on: { method: 'PUT' }, do: to('/x') }] });
    await client.send(HEAD);
    const body = watched([Buffer.from('abc')]).stream;
    const error = await thrownBy(client.sendOnce({ ...START, method: 'PUT', target: 'x', body }));
    expect(error).toMatchObject({ code: 'REGISTRY_STATUS', context: { status: 307 } });
  });
});

describe('plain HTTP', () => {
  test.each([true, undefined])('is not spoken where tlsVerify is %s', async (tlsVerify) => {
    const { client, registry } = await openRegistry({}, { tlsVerify });
    expect(await thrownBy(client.send(HEAD))).toMatchObject({ code: 'TLS_FAILED' });
    expect(registry.requests).toEqual([]);
  });

  test('is spoken from then on where nothing is verified', async () => {
    const { client, registry } = await openRegistry();
    await Promise.all([client.send(HEAD), client.send(HEAD)]);
    const session = client.resolveLocation(await client.send(START));
    expect(session.origin).toBe(registry.url);
    expect(registry.requests.map(({ status }) => status)).toEqual([404, 404, 202]);
  });

  test('is spoken at once where that tells no secret, and else when HTTPS has failed', async () => {
    let before: readonly string[] | undefined;
    const { client, requests } = await openEither((hello) => {
      before ??= [...requests];
      hello.destroy();
    });
    const start = client.send({ ...START, accept: [404] });
    expect((await client.send(HEAD)).url.protocol).toBe('http:');
    expect(before).toEqual(['HEAD']);
    await start;
    expect(requests).toEqual(['HEAD', 'POST']);
  });

  test('is not spoken with a registry that has answered over HTTPS', async () => {
    let answered = 0;
    const tls = createTlsServer(TEST_CERTIFICATE, (_, response) => {
      answered += 1;
      response.writeHead(404, { connection: 'close' }).end();
    });
    const { client, requests } = await openEither((hello) => {
      if (answered === 0) tls.emit('connection', hello);
      else hello.destroy();
    });
    expect((await client.send(HEAD)).url.protocol).toBe('https:');
    expect(await thrownBy(client.send(HEAD))).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect([answered, requests]).toEqual([1, ['HEAD']]);
  });

  test('is not spoken with another host', async () => {
    const other = await openRegistry();
    const location = `https://${other.registry.host}/x`;
    const faults = [{ on: {}, do: { status: 307, headers: { location } } }];
    const { client } = await openRegistry({ faults });
    expect(await thrownBy(client.send(HEAD))).toMatchObject({ code: 'TLS_FAILED' });
    expect(other.registry.requests).toEqual([]);
  });
});
