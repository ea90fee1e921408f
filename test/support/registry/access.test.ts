/** Challenges, tokens, and TLS of the in-process registry. */
import { afterEach, describe, expect, test } from 'vitest';
import { basicCredentials, SERVICE, type RegistryAuth } from './auth.ts';
import { TEST_CERTIFICATE } from './certificate.ts';
import { startRegistry, type Registry } from './registry.ts';
import { ask, type Reply } from './request.ts';

let registry: Registry;

afterEach(async () => registry[Symbol.asyncDispose]());

const ALICE = { user: 'alice', password: 'secret' };
const RIGHT = basicCredentials(ALICE.user, ALICE.password);
const DST = 'repository:a/b:pull,push';

async function guarded(auth: RegistryAuth): Promise<void> {
  registry = await startRegistry({ auth });
}

async function post(authorization?: string, query = ''): Promise<Reply> {
  const headers = authorization === undefined ? {} : { authorization };
  return ask('POST', `${registry.url}/v2/a/b/blobs/uploads/${query}`, { headers });
}

async function getToken(scopes: readonly string[], authorization?: string): Promise<string> {
  const query = new URLSearchParams({ service: SERVICE });
  for (const scope of scopes) query.append('scope', scope);
  const headers = authorization === undefined ? {} : { authorization };
  const reply = await ask('GET', `${registry.url}/token?${query.toString()}`, { headers });
  return (JSON.parse(reply.text) as { token: string }).token;
}

describe('basic authentication', () => {
  test('is asked for and checked on every request', async () => {
    await guarded({ kind: 'basic', ...ALICE });
    expect(await ask('GET', `${registry.url}/v2/`)).toMatchObject({
      status: 401,
      code: 'UNAUTHORIZED',
      headers: { 'www-authenticate': 'Basic realm="registry"' },
    });
    expect((await post(basicCredentials('alice', 'wrong'))).status).toBe(401);
    expect((await post(RIGHT)).status).toBe(202);
  });

  test('can be left out for reading, so that the ping does not ask for it', async () => {
    await guarded({ kind: 'basic', ...ALICE, anonymousPull: true });
    expect((await ask('GET', `${registry.url}/v2/`)).status).toBe(200);
    expect((await ask('GET', `${registry.url}/v2/a/b/tags/list`)).status).toBe(404);
    expect((await post()).status).toBe(401);
  });
});

describe('bearer authentication', () => {
  test('asks for the scope that a request needs', async () => {
    await guarded({ kind: 'bearer', ...ALICE });
    const realm = `Bearer realm="${registry.url}/token",service="${SERVICE}"`;
    const challengeOf = ({ headers }: Reply): unknown => headers['www-authenticate'];
    expect(challengeOf(await ask('GET', `${registry.url}/v2/`))).toBe(realm);
    expect(challengeOf(await post())).toBe(`${realm},scope="${DST}"`);
    expect(challengeOf(await post(undefined, '?mount=x&from=c/d'))).toBe(
      `${realm},scope="${DST} repository:c/d:pull"`,
    );
    expect(challengeOf(await post('Bearer nonsense'))).toBe(
      `${realm},scope="${DST}",error="invalid_token"`,
    );
  });

  test('gives a token for a user, which is good for its scopes alone', async () => {
    await guarded({ kind: 'bearer', ...ALICE });
    const token = await getToken([DST], RIGHT);
    expect((await post(`Bearer ${token}`)).status).toBe(202);
    const mount = await post(`Bearer ${token}`, '?mount=x&from=c/d');
    expect(mount.headers['www-authenticate']).toContain('error="insufficient_scope"');
    const both = await getToken([DST, 'repository:c/d:pull'], RIGHT);
    expect((await post(`Bearer ${both}`, '?mount=x&from=c/d')).status).toBe(202);
    expect((await post(`Bearer ${registry.issueToken(DST)}`)).status).toBe(202);
  });

  test('can ignore all scopes but the first', async () => {
    await guarded({ kind: 'bearer', ...ALICE, firstScopeOnly: true });
    const token = await getToken([DST, 'repository:c/d:pull'], RIGHT);
    expect((await post(`Bearer ${token}`)).status).toBe(202);
    expect((await post(`Bearer ${token}`, '?mount=x&from=c/d')).status).toBe(401);
  });

  test('gives strangers what they may have', async () => {
    await guarded({ kind: 'bearer', ...ALICE, anonymousPull: true });
    const authorization = `Bearer ${await getToken([DST])}`;
    const headers = { authorization };
    expect((await ask('GET', `${registry.url}/v2/a/b/tags/list`, { headers })).status).toBe(404);
    expect((await post(authorization)).status).toBe(401);
    await registry[Symbol.asyncDispose]();
    await guarded({ kind: 'bearer' });
    expect((await post(`Bearer ${await getToken([DST])}`)).status).toBe(202);
  });

  test.each([
    [`?service=${SERVICE}`, basicCredentials('alice', 'wrong'), 401],
    ['?service=other', RIGHT, 400],
    ['', RIGHT, 400],
  ])('refuses a token for %s with %s -> %i', async (query, authorization, status) => {
    await guarded({ kind: 'bearer', ...ALICE });
    const headers = { authorization };
    expect((await ask('GET', `${registry.url}/token${query}`, { headers })).status).toBe(status);
  });

  test('forgets tokens on demand and after their lifetime', async () => {
    await guarded({ kind: 'bearer', ...ALICE });
    const token = await getToken([DST], RIGHT);
    registry.expireTokens();
    const reply = await post(`Bearer ${token}`);
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"');
    await registry[Symbol.asyncDispose]();
    await guarded({ kind: 'bearer', ...ALICE, tokenLifetimeSeconds: 0 });
    expect((await post(`Bearer ${await getToken([DST], RIGHT)}`)).status).toBe(401);
  });

  test.each([
    [{ refresh_token: 'idt' }, 200],
    [{ refresh_token: 'other' }, 401],
    [{ grant_type: 'password' }, 400],
    [{ client_id: '' }, 400],
    [{ service: 'other' }, 400],
  ])('takes an identity token by POST: %o -> %i', async (changes, status) => {
    await guarded({ kind: 'bearer', identityToken: 'idt' });
    const form = new URLSearchParams({
      client_id: 'test',
      grant_type: 'refresh_token',
      refresh_token: 'idt',
      service: SERVICE,
      scope: DST,
      ...changes,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = `${registry.url}/token`;
    const reply = await ask('POST', url, { headers, body: form.toString() });
    expect(reply.status).toBe(status);
    if (status !== 200) return;
    const { access_token: token } = JSON.parse(reply.text) as { access_token: string };
    expect((await post(`Bearer ${token}`)).status).toBe(202);
    expect((await post(`Bearer ${await getToken([DST])}`)).status).toBe(401);
  });

  test('has no POST without an identity token', async () => {
    await guarded({ kind: 'bearer', ...ALICE });
    expect((await ask('POST', `${registry.url}/token`)).status).toBe(404);
  });
});

describe('TLS', () => {
  const { cert, key } = TEST_CERTIFICATE;

  test('speaks https and points there', async () => {
    registry = await startRegistry({ tls: TEST_CERTIFICATE, auth: { kind: 'bearer' } });
    const reply = await ask('GET', `${registry.url}/v2/`, { ca: cert });
    expect(reply.headers['www-authenticate']).toContain(`realm="https://${registry.host}/token"`);
    await expect(ask('GET', `${registry.url}/v2/`)).rejects.toThrow(/self-signed/);
  });

  test('can demand a client certificate', async () => {
    registry = await startRegistry({ tls: { ...TEST_CERTIFICATE, ca: cert } });
    await expect(ask('GET', `${registry.url}/v2/`, { ca: cert })).rejects.toThrow(
      /certificate required|ECONNRESET/,
    );
    expect((await ask('GET', `${registry.url}/v2/`, { ca: cert, cert, key })).status).toBe(200);
  });

  test('can be reset below', async () => {
    registry = await startRegistry({
      tls: TEST_CERTIFICATE,
      faults: [
        { on: { method: 'GET', path: '/v2/x/tags/list' }, do: { closeBeforeAnswer: true } },
        { on: {}, do: { resetAfterBytes: 0 } },
      ],
    });
    const broken = { code: 'ECONNRESET' };
    const url = `${registry.url}/v2/`;
    await expect(ask('HEAD', url, { ca: cert })).rejects.toMatchObject(broken);
    await expect(ask('GET', `${url}x/tags/list`, { ca: cert })).rejects.toMatchObject(broken);
    expect(registry.unfired()).toEqual([]);
  });
});
