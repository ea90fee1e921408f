import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { ReplayableRequest, RegistryRequest } from '../../src/registry/client.ts';
import type { Fault } from '../support/registry/faults.ts';
import { watched } from '../support/streams.ts';
import { thrownBy } from '../support/thrown.ts';
import { answerOf } from './answers.ts';
import { openClient, openRegistry, PASSWORD, traceOf } from './open-client.ts';
import { serveHttp } from './server.ts';

const BASIC = { ...PASSWORD, kind: 'basic' } as const;
const BEARER = { ...PASSWORD, kind: 'bearer' } as const;
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
const credentialsFor = async (): Promise<typeof PASSWORD> => PASSWORD;

describe('authentication', () => {
  test.each<readonly [auth: typeof BASIC | typeof BEARER, trace: readonly string[]]>([
    [BASIC, ['HEAD manifests/1 401', 'HEAD manifests/1 404', 'POST blobs/uploads/ 202']],
    [
      BEARER,
      [
        'HEAD manifests/1 401',
        'GET /token?service&scope&account 200',
        'HEAD manifests/1 404',
        'POST blobs/uploads/ 202',
      ],
    ],
  ])('is learnt from the first answer: $kind', async (auth, trace) => {
    const { client, registry } = await openRegistry({ auth }, { credentialsFor });
    await client.send(HEAD);
    await client.send(START);
    expect(traceOf(registry)).toEqual(trace);
  });

  test('is learnt from a later answer', async () => {
    const auth = { ...BASIC, anonymousPull: true };
    const { client, registry } = await openRegistry({ auth }, { credentialsFor });
    await client.send(HEAD);
    await client.send(START);
    expect(traceOf(registry)).toEqual([
      'HEAD manifests/1 404',
      'POST blobs/uploads/ 401',
      'POST blobs/uploads/ 202',
    ]);
  });

  test('is asked for where a refusal does not say how (gcr.io)', async () => {
    const silent: Fault = { on: { method: 'HEAD' }, do: { dropHeader: 'www-authenticate' } };
    const { client, registry } = await openRegistry(
      { auth: BEARER, faults: [silent] },
      { credentialsFor },
    );
    await client.send(HEAD);
    expect(traceOf(registry)).toEqual([
      'HEAD manifests/1 401',
      'GET /v2/ 401',
      'GET /token?service&scope&account 200',
      'HEAD manifests/1 404',
    ]);
  });

  test.each([
    ['nothing', { status: 401 }],
    ['that all is well', { status: 200 }],
  ])('that nobody explains is a refusal, where the ping says %s', async (_, ping) => {
    const faults: Fault[] = [
      { on: { method: 'HEAD', times: Infinity }, do: { status: 401 } },
      { on: { path: '/v2/', times: Infinity }, do: ping },
    ];
    const { client, registry } = await openRegistry({ faults }, { credentialsFor });
    const error = await thrownBy(client.send(HEAD));
    expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', retryable: false });
    expect(traceOf(registry)).toEqual(
      ['HEAD manifests/1 401', 'GET /v2/ 401'].slice(0, 1).concat(`GET /v2/ ${ping.status}`),
    );
  });

  test('asks for the credentials of the repository', async () => {
    const asked: string[] = [];
    const { client, registry } = await openRegistry(
      { auth: BASIC },
      {
        credentialsFor: async (repository) => {
          asked.push(repository);
          return PASSWORD;
        },
      },
    );
    await client.send(HEAD);
    expect(asked).toEqual([`${registry.host}/team/app`]);
  });

  test.each([BASIC, BEARER])('with a wrong password is not tried for ever: $kind', async (auth) => {
    const { client, registry, clock } = await openRegistry(
      { auth },
      { credentialsFor: async () => ({ ...PASSWORD, password: 'wrong' }) },
    );
    const error = await thrownBy(client.send(HEAD));
    expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', retryable: false });
    expect(registry.requests).toHaveLength(2);
    expect(clock.sleeps).toEqual([]);
  });

  test('that permits too little is not tried for ever', async () => {
    const { client, registry } = await openRegistry({ auth: { ...BEARER, anonymousPull: true } });
    await client.send(HEAD);
    const error = await thrownBy(client.send(START));
    expect(error).toMatchObject({ code: 'REGISTRY_DENIED', retryable: false });
    expect(error.message).toBe('starting: requested access to the resource is denied');
    expect(traceOf(registry).slice(3)).toEqual(['POST blobs/uploads/ 401']);
  });

  test('asks for more rights also where too few are a 403', async () => {
    const seen: string[] = [];
    const { url } = await serveHttp(({ url: target = '', headers, method }, response) => {
      const asked = new URL(target, url);
      const scopes = asked.searchParams.getAll('scope').join(' ');
      seen.push(`${method} ${asked.pathname} ${scopes}`.trimEnd());
      const realm = `Bearer realm="${url.origin}/token"`;
      const more = `${realm},error="insufficient_scope",scope="repository:base:pull"`;
      if (asked.pathname === '/token') response.end(`{"token":"${btoa(scopes)}"}`);
      else if (headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': realm }).end();
      } else if (atob(headers.authorization.slice(7)).includes('base')) response.end();
      else response.writeHead(403, { 'www-authenticate': more }).end();
    });
    const { client } = await openClient(url.host);
    await client.send({ ...HEAD, accept: [200] });
    const own = 'repository:team/app:pull,push';
    expect(seen).toEqual([
      'HEAD /v2/team/app/manifests/1',
      `GET /token ${own}`,
      'HEAD /v2/team/app/manifests/1',
      `GET /token ${own} repository:base:pull`,
      'HEAD /v2/team/app/manifests/1',
    ]);
  });

  test('renews a token that has expired', async () => {
    const expire: Fault = { on: { method: 'POST' }, do: { expireToken: true } };
    const { client, registry } = await openRegistry(
      { auth: BEARER, faults: [expire] },
      { credentialsFor },
    );
    await client.send(HEAD);
    await client.send(START);
    expect(traceOf(registry).slice(3)).toEqual([
      'POST blobs/uploads/ 401',
      'GET /token?service&scope&account 200',
      'POST blobs/uploads/ 202',
    ]);
  });

  test('asks for the scopes that a registry names only when it is shown a token', async () => {
    const silent: Fault = {
      on: { method: 'POST' },
      do: {
        changeHeaders: ({ 'www-authenticate': challenge = '', ...headers }) => ({
          ...headers,
          'www-authenticate': challenge.replace(/,scope="[^"]*"/, ''),
        }),
      },
    };
    const { client, registry } = await openRegistry(
      { auth: BEARER, faults: [silent] },
      { credentialsFor },
    );
    const from = new URLSearchParams({ mount: digestOf(Buffer.from('x')), from: 'other/app' });
    await client.send({ ...START, target: `blobs/uploads/?${from.toString()}` });
    expect(traceOf(registry)).toEqual([
      'POST blobs/uploads/?mount&from 401',
      'GET /token?service&scope&account 200',
      'POST blobs/uploads/?mount&from 401',
      'GET /token?service&scope&scope&account 200',
      'POST blobs/uploads/?mount&from 202',
    ]);
  });

  test('gives up on tokens that are never good', async () => {
    const auth = { ...BEARER, tokenLifetimeSeconds: 0 };
    const { client, registry, clock } = await openRegistry({ auth }, { credentialsFor });
    expect(await thrownBy(client.send(HEAD))).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    expect(registry.requests.length).toBeLessThanOrEqual(5);
    expect(clock.sleeps).toEqual([]);
  });

  test('fails retryably where the body is gone, with a token that the next attempt has', async () => {
    const expire: Fault = { on: { method: 'PATCH' }, do: { expireToken: true } };
    const { client } = await openRegistry({ auth: BEARER, faults: [expire] }, { credentialsFor });
    const session = client.resolveLocation(await client.send(START));
    const patch = (): RegistryRequest => ({
      method: 'PATCH',
      target: session,
      body: watched([Buffer.from('abc')]).stream,
      accept: [202],
      attempt: 'sending',
    });
    const error = await thrownBy(client.sendOnce(patch()));
    expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', retryable: true });
    expect((await client.sendOnce(patch())).status).toBe(202);
  });
});

describe('requests', () => {
  test('say who asks, and what they are told to', async () => {
    const { client, registry } = await openRegistry({ auth: BEARER }, { credentialsFor });
    await client.send({ ...HEAD, headers: { accept: 'a/b' } });
    for (const { headers } of registry.requests) expect(headers['user-agent']).toBe('agent/1');
    expect(registry.requests.at(-1)?.headers).toMatchObject({
      accept: 'a/b',
      'docker-distribution-api-version': 'registry/2.0',
    });
  });

  test('that are refused say what was attempted', async () => {
    const { client } = await openRegistry();
    const error = await thrownBy(client.send({ ...HEAD, method: 'GET', accept: [200] }));
    expect(error).toMatchObject({
      code: 'REGISTRY_STATUS',
      message: 'asking: manifest unknown',
      context: { status: 404, registryCode: 'MANIFEST_UNKNOWN' },
    });
  });

  test('ask for the certificates of the registry as it is spelled', async () => {
    const asked: string[] = [];
    const certificatesFor = async (host: string) => {
      asked.push(host);
      return { authorities: [], clients: [] };
    };
    for (const host of ['docker.io', 'Registry.test:5000'])
      await openClient(host, { certificatesFor });
    expect(asked).toEqual(['docker.io', 'Registry.test:5000']);
  });
});

describe('repetition', () => {
  const retryAfter = { 'retry-after': '7' };

  test.each<readonly [what: string, fault: Fault['do'], times: number, sleeps: readonly number[]]>([
    ['too many requests', { status: 429, headers: retryAfter }, 1, [7000]],
    ['too many requests, twice', { status: 429 }, 2, [250, 500]],
    ['a time-out', { status: 408 }, 1, [250]],
    ['an overload', { status: 503, headers: retryAfter }, 2, [7000, 7000]],
    ['a bad gateway', { status: 502, body: '<html>' }, 4, [250, 500, 1000, 2000]],
    ['a fault', { status: 500 }, 1, [250]],
    ['a broken connection', { closeBeforeAnswer: true }, 2, [250, 500]],
  ])('after %s', async (_, fault, times, sleeps) => {
    const faults = [{ on: { method: 'POST', times }, do: fault }];
    const { client, registry, clock } = await openRegistry({ faults });
    expect((await client.send(START)).status).toBe(202);
    expect(clock.sleeps).toEqual(sleeps);
    expect(registry.requests).toHaveLength(times + 1);
    expect(registry.unfired()).toEqual([]);
  });

  test.each<readonly [what: string, fault: Fault['do']]>([
    ['a refusal', { status: 403 }],
    ['something not implemented', { status: 501 }],
    ['a wrong digest', { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' }],
    ['a body that is too large', { status: 413, body: '<html>' }],
  ])('does not follow %s', async (_, fault) => {
    const faults = [{ on: { method: 'POST', times: Infinity }, do: fault }];
    const { client, registry, clock } = await openRegistry({ faults });
    await thrownBy(client.send(START));
    expect(registry.requests).toHaveLength(1);
    expect(clock.sleeps).toEqual([]);
  });

  test('ends after five attempts', async () => {
    const faults = [{ on: { times: Infinity }, do: { status: 503 } }];
    const { client, registry, clock } = await openRegistry({ faults });
    const error = await thrownBy(client.send(START));
    expect(error).toMatchObject({
      code: 'REGISTRY_STATUS',
      context: { status: 503 },
      retryable: true,
    });
    expect(registry.requests).toHaveLength(5);
    expect(clock.sleeps).toEqual([250, 500, 1000, 2000]);
  });

  test('is for the whole push where nobody listens', async () => {
    const { client, clock } = await openClient('127.0.0.1:1');
    const error = await thrownBy(client.send(START));
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', retryable: true });
    expect(clock.sleeps).toEqual([]);
  });

  test('ends when the push does', async () => {
    const reason = new OcipushError('ABORTED', 'interrupted');
    const abort = new AbortController();
    const { client } = await openRegistry(
      { faults: [{ on: { times: Infinity }, do: { holdAnswer: new Promise(() => undefined) } }] },
      { signal: abort.signal },
    );
    const sending = client.send(START);
    abort.abort(reason);
    await expect(sending).rejects.toBe(reason);
  });
});

describe('resolveLocation', () => {
  const from = 'https://reg.test:5000/v2/a/blobs/uploads/';

  test.each<[location: string, url: string, from?: string]>([
    ['https://reg.test:5000/x?_state=a%3Db&y=', 'https://reg.test:5000/x?_state=a%3Db&y='],
    ['/x?_state=1', 'https://reg.test:5000/x?_state=1'],
    ['uuid?_state=1', 'https://reg.test:5000/v2/a/blobs/uploads/uuid?_state=1'],
    ['?_state=1', 'https://reg.test:5000/v2/a/blobs/uploads/?_state=1'],
    ['https://blobs.test/x', 'https://blobs.test/x'],
    ['http://blobs.test/x', 'http://blobs.test/x'],
    ['http://reg.test:5000/x', 'https://reg.test:5000/x'], // a proxy that hides TLS
    ['http://reg.test/x', 'https://reg.test/x'],
    ['http://reg.test/x', 'https://reg.test/x', 'https://reg.test/v2/'],
    ['http://reg.test:5000/x', 'http://reg.test:5000/x', 'http://reg.test:5000/v2/'],
    ['https://reg.test/x', 'https://reg.test/x', 'http://reg.test/v2/'],
    ['//blobs.test/x', 'https://blobs.test/x'],
  ])('%s', async (location, expected, url = from) => {
    const { client } = await openClient('reg.test');
    const answer = answerOf(202, { url, headers: { location } });
    expect(client.resolveLocation(answer).href).toBe(expected);
  });

  test.each<[headers: Readonly<Record<string, string>>]>([
    [{}],
    [{ location: 'http://[' }],
    [{ location: 'file:///etc/passwd' }],
    [{ location: 'ftp://reg.test/x' }],
    [{ location: 'data:,x' }],
  ])('%j leads nowhere', async (headers) => {
    const { client } = await openClient('reg.test');
    const answer = answerOf(202, { url: from, headers });
    expect(() => client.resolveLocation(answer)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_ANSWER_INVALID', retryable: true }),
    );
  });
});
