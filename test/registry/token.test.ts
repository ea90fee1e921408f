import { describe, expect, onTestFinished, test } from 'vitest';
import type { Credentials } from '../../src/config/credentials.ts';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { HttpClient } from '../../src/registry/http.ts';
import { requestToken, type Token } from '../../src/registry/token.ts';
import { STRAIGHT } from '../support/registry-options.ts';
import { thrownBy } from '../support/thrown.ts';
import { serveHttp } from './server.ts';

interface Seen {
  readonly method: string;
  readonly path: string;
  /** Of the query, or of the form where it is a POST; in their order. */
  readonly parameters: readonly (readonly [string, string])[];
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly agent: string | undefined;
}

interface Played {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Asked {
  /** The challenge; `{host}` becomes the server's `127.0.0.1:port`. */
  readonly challenge?: string;
  readonly scopes?: readonly string[];
  readonly credentials?: Credentials;
}

const USER: Credentials = { kind: 'basic', user: 'u', password: 'p:w' };
const IDENTITY: Credentials = { kind: 'identity-token', token: 'R/1' };
const CHALLENGE = 'Bearer realm="http://{host}/token",service="reg"';
const PUSH = 'repository:q/one:pull,push';
const BASIC = `Basic ${Buffer.from('u:p:w').toString('base64')}`;

/** Asks a server that plays one answer, and tells what it saw. */
async function play(played: Played, asked: Asked = {}) {
  const seen: Seen[] = [];
  const { url } = await serveHttp(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const { method = '', headers } = request;
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const form = Buffer.concat(chunks).toString();
    seen.push({
      method,
      path: form === '' || query === '' ? path : `${path}?${query}`,
      parameters: [...new URLSearchParams(form === '' ? query : form)],
      authorization: headers.authorization,
      type: headers['content-type'],
      agent: headers['user-agent'],
    });
    response.writeHead(played.status ?? 200, played.headers).end(played.body ?? '{"token":"T"}');
  });
  const http = new HttpClient(STRAIGHT);
  onTestFinished(() => http[Symbol.asyncDispose]());
  const line = (asked.challenge ?? CHALLENGE).replaceAll('{host}', url.host);
  const [challenge = { scheme: '', parameters: new Map() }] = parseChallenges([line]);
  const token = requestToken(http, {
    challenge,
    scopes: asked.scopes ?? [PUSH],
    credentials: asked.credentials,
    registry: url,
    userAgent: 'agent/1',
    signal: new AbortController().signal,
  });
  return { token, seen, host: url.host };
}

describe('the request for a token', () => {
  test.each<readonly [what: string, asked: Asked, seen: Partial<Seen>]>([
    [
      'anonymous',
      {},
      {
        method: 'GET',
        path: '/token',
        parameters: [
          ['service', 'reg'],
          ['scope', PUSH],
        ],
        authorization: undefined,
      },
    ],
    [
      'with a password',
      { credentials: USER },
      {
        method: 'GET',
        parameters: [
          ['service', 'reg'],
          ['scope', PUSH],
          ['account', 'u'],
        ],
        authorization: BASIC,
      },
    ],
    [
      'with a user that has no password',
      { credentials: { kind: 'basic', user: 'u', password: '' } },
      {
        parameters: [
          ['service', 'reg'],
          ['scope', PUSH],
          ['account', 'u'],
        ],
        authorization: undefined,
      },
    ],
    [
      'with a password that has no user',
      { credentials: { kind: 'basic', user: '', password: 'p' } },
      {
        parameters: [
          ['service', 'reg'],
          ['scope', PUSH],
        ],
        authorization: undefined,
      },
    ],
    [
      'with an identity token',
      { credentials: IDENTITY },
      {
        method: 'POST',
        path: '/token',
        parameters: [
          ['service', 'reg'],
          ['scope', PUSH],
          ['client_id', 'containers/image'],
          ['grant_type', 'refresh_token'],
          ['refresh_token', 'R/1'],
        ],
        authorization: undefined,
        type: 'application/x-www-form-urlencoded',
      },
    ],
    [
      'with several scopes, in order',
      { scopes: [PUSH, 'repository:b:pull'] },
      {
        parameters: [
          ['service', 'reg'],
          ['scope', PUSH],
          ['scope', 'repository:b:pull'],
        ],
      },
    ],
    [
      'to a realm with a query',
      { challenge: 'Bearer realm="http://{host}/auth?a=1&scope=x"' },
      {
        path: '/auth',
        parameters: [
          ['a', '1'],
          ['scope', 'x'],
          ['scope', PUSH],
        ],
      },
    ],
    [
      'to a realm with a query, in a form',
      { challenge: 'Bearer realm="http://{host}//auth?a=1"', credentials: IDENTITY },
      {
        path: '//auth',
        parameters: [
          ['a', '1'],
          ['scope', PUSH],
          ['client_id', 'containers/image'],
          ['grant_type', 'refresh_token'],
          ['refresh_token', 'R/1'],
        ],
      },
    ],
    [
      'to a realm without quotes',
      { challenge: 'Bearer realm=http://{host}/token,service=reg' },
      { path: '/token' },
    ],
    [
      'to a realm of an unusable scheme',
      { challenge: 'Bearer realm="null://nexus.test//v2/token?a=1"' },
      { path: '//v2/token' },
    ],
    ['to a relative realm', { challenge: 'Bearer realm="/token"' }, { path: '/token' }],
  ])('%s', async (_, asked, expected) => {
    const { token, seen } = await play({}, asked);
    await token;
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ agent: 'agent/1', ...expected });
  });

  test.each([
    ['no realm', 'Bearer service="reg"', 'missing realm in bearer auth challenge'],
    ['an empty realm', 'Bearer realm=""', 'missing realm in bearer auth challenge'],
    ['a realm that is no address', 'Bearer realm="http://["', 'invalid realm "http://["'],
  ])('is not made for %s', async (_, challenge, text) => {
    const { token, seen } = await play({}, { challenge });
    const error = await thrownBy(token);
    expect(error).toMatchObject({ code: 'REGISTRY_ANSWER_INVALID', retryable: false });
    expect(error.message).toContain(text);
    expect(seen).toEqual([]);
  });

  test('does not send a password in plain text for a registry that is asked in secret', async () => {
    const http = new HttpClient(STRAIGHT);
    onTestFinished(() => http[Symbol.asyncDispose]());
    const { url, sockets } = await serveHttp((_, response) => response.end('{"token":"T"}'));
    const [challenge = { scheme: '', parameters: new Map() }] = parseChallenges([
      `Bearer realm="${url.href}"`,
    ]);
    const token = requestToken(http, {
      challenge,
      scopes: [PUSH],
      credentials: USER,
      registry: new URL('https://registry.test/v2/'),
      userAgent: 'agent/1',
      signal: new AbortController().signal,
    });
    expect(await thrownBy(token)).toMatchObject({ code: 'REGISTRY_ANSWER_INVALID' });
    expect(sockets).toEqual([]);
  });
});

describe('the answer', () => {
  test.each<readonly [body: string, token: Token]>([
    ['{"token":"T"}', { value: 'T', lifetime: 60 }],
    ['{"token":"T","access_token":"A","expires_in":300}', { value: 'T', lifetime: 300 }],
    ['{"access_token":"A","refresh_token":"R","expires_in":3600}', { value: 'A', lifetime: 3600 }],
    ['{"token":"","access_token":"A"}', { value: 'A', lifetime: 60 }],
    ['{"token":null,"access_token":"A"}', { value: 'A', lifetime: 60 }],
    ['{"token":"T","expires_in":5}', { value: 'T', lifetime: 60 }],
    ['{"token":"T","expires_in":-1}', { value: 'T', lifetime: 60 }],
    ['{"token":"T","expires_in":"90"}', { value: 'T', lifetime: 90 }],
    ['{"token":"T","expires_in":"soon"}', { value: 'T', lifetime: 60 }],
    [
      '{"token":"T","expires_in":null,"issued_at":"1999-01-01T00:00:00Z"}',
      { value: 'T', lifetime: 60 },
    ],
  ])('%s', async (body, token) => {
    expect(await (await play({ body })).token).toEqual(token);
  });

  test.each([
    ['{}'],
    ['{"token":""}'],
    ['{"token":7}'],
    ['{"token":"two secret-words"}'],
    ['{"token":"secret\\r\\nx-evil: 1"}'],
    ['["secret"]'],
    ['{"token":"secret'],
    ['<html>secret</html>'],
    [''],
  ])('%s is none, and is not shown', async (body) => {
    const error = await thrownBy((await play({ body })).token);
    expect(error).toMatchObject({ code: 'REGISTRY_ANSWER_INVALID', origin: 'destination' });
    expect(error.message).not.toContain('secret');
    expect(error.cause).toBeUndefined();
  });

  test.each<readonly [played: Played, code: string, retryable: boolean, text: string]>([
    [
      { status: 401, body: '{"details":"incorrect username or password"}' },
      'REGISTRY_UNAUTHORIZED',
      false,
      'unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password',
    ],
    [
      { status: 401 },
      'REGISTRY_UNAUTHORIZED',
      false,
      'unable to retrieve auth token: invalid username/password: authentication required',
    ],
    [
      { status: 403, body: '' },
      'REGISTRY_DENIED',
      false,
      'requesting bearer token: StatusCode: 403, ""',
    ],
    [
      { status: 400, body: '{"details":"x"}' },
      'REGISTRY_STATUS',
      false,
      'requesting bearer token: unknown: x',
    ],
    [
      { status: 404, body: 'no' },
      'REGISTRY_STATUS',
      false,
      'requesting bearer token: StatusCode: 404, "no"',
    ],
    [
      { status: 503, headers: { 'retry-after': '3' } },
      'REGISTRY_STATUS',
      true,
      'requesting bearer token: received unexpected HTTP status: 503 Service Unavailable',
    ],
    [
      { status: 302, headers: { location: '/elsewhere' } },
      'REGISTRY_STATUS',
      false,
      'requesting bearer token: received unexpected HTTP status: 302 Found',
    ],
  ])('%j', async (played, code, retryable, text) => {
    const error = await thrownBy((await play(played, { credentials: USER })).token);
    expect(error).toMatchObject({ code, retryable, origin: 'destination', message: text });
    expect(error.context['retryAfter']).toBe(played.headers?.['retry-after']);
  });

  test('tells who gave no password to give one', async () => {
    const without = await thrownBy((await play({ status: 401 })).token);
    expect(without.hint).toContain('--creds');
    const wrong = await thrownBy((await play({ status: 401 }, { credentials: USER })).token);
    expect(wrong.hint).not.toContain('--creds');
  });
});
