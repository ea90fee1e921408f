import { describe, expect, onTestFinished, test } from 'vitest';
import type { Credentials } from '../../src/config/credentials.ts';
import { Authorizer } from '../../src/registry/authorizer.ts';
import { HttpClient } from '../../src/registry/http.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';
import type { Fault } from '../support/registry/faults.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';
import { STRAIGHT } from '../support/registry-options.ts';
import { thrownBy } from '../support/thrown.ts';
import { answerOf } from './answers.ts';

const USER: Credentials = { kind: 'basic', user: 'me', password: 'secret' };
const BASIC = `Basic ${Buffer.from('me:secret').toString('base64')}`;
const OWN = 'repository:team/app:pull,push';

interface Setting {
  readonly authorizer: Authorizer;
  readonly registry: Registry;
  readonly clock: FakeClock;
  /** How often credentials were looked up. */
  readonly lookups: () => number;
  /** Learns from a 401 with these challenges. */
  readonly learn: (used: string | undefined, ...challenges: readonly string[]) => boolean;
  /** The scopes of each request for a token. */
  readonly scopes: () => readonly (readonly string[])[];
}

async function setUp(credentials?: Credentials, faults: readonly Fault[] = []): Promise<Setting> {
  const account = credentials?.kind === 'basic' ? credentials : {};
  const registry = await startRegistry({ auth: { ...account, kind: 'bearer' }, faults });
  const http = new HttpClient(STRAIGHT);
  onTestFinished(async () => {
    await http[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  const clock = fakeClock();
  let lookups = 0;
  const authorizer = new Authorizer({
    http,
    clock,
    userAgent: 'agent/1',
    signal: new AbortController().signal,
    scope: OWN,
    credentials: async () => {
      lookups += 1;
      return credentials;
    },
  });
  const realm = `realm="${registry.url}/token",service="registry.test"`;
  return {
    authorizer,
    registry,
    clock,
    lookups: () => lookups,
    learn: (used, ...challenges) => {
      const lines = challenges.map((line) => line.replace('REALM', realm));
      const headers = { 'www-authenticate': lines };
      return authorizer.learn(answerOf(401, { headers, url: `${registry.url}/v2/` }), used);
    },
    scopes: () => registry.requests.map(({ query }) => query.getAll('scope')),
  };
}

describe('the Authorization header', () => {
  test('is not there before anybody has asked for it', async () => {
    const { authorizer, lookups } = await setUp(USER);
    expect(await authorizer.header()).toBeUndefined();
    expect(lookups()).toBe(0);
  });

  test.each<readonly [challenges: readonly string[], header: RegExp]>([
    [['Basic realm="r"'], /^Basic bWU6c2VjcmV0$/],
    [['Bearer REALM'], /^Bearer \S+$/],
    [['Basic realm="r"', 'Bearer REALM'], /^Basic /], // in the order of the server
    [['Bearer REALM', 'Basic realm="r"'], /^Bearer /],
    [['Negotiate', 'Basic realm="r"'], /^Basic /],
    [['Negotiate, Bearer REALM'], /^Bearer /],
  ])('answers %j', async (challenges, header) => {
    const { authorizer, learn } = await setUp(USER);
    expect(learn(undefined, ...challenges)).toBe(true);
    expect(await authorizer.header()).toMatch(header);
  });

  test.each([[['Negotiate']], [['Digest realm="r"', 'NTLM']], [[]]])(
    'has no answer to %j',
    async (challenges) => {
      const { authorizer, learn } = await setUp(USER);
      expect(learn(undefined, ...challenges)).toBe(false);
      expect(await authorizer.header()).toBeUndefined();
    },
  );

  test.each<readonly [what: string, credentials: Credentials | undefined]>([
    ['nobody', undefined],
    ['who has an identity token only', { kind: 'identity-token', token: 'R' }],
  ])('cannot have the password of %s', async (_, credentials) => {
    const { authorizer, learn } = await setUp(credentials);
    learn(undefined, 'Basic realm="r"');
    const error = await thrownBy(authorizer.header());
    expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', retryable: false });
    expect(error.hint).toContain('--creds');
  });

  test('costs one lookup of credentials', async () => {
    const { authorizer, learn, lookups } = await setUp(USER);
    learn(undefined, 'Basic realm="r"');
    await Promise.all([authorizer.header(), authorizer.header()]);
    await authorizer.header();
    expect(lookups()).toBe(1);
  });
});

describe('a password that was refused', () => {
  test('is not tried again', async () => {
    const { learn } = await setUp(USER);
    expect(learn(undefined, 'Basic realm="r"')).toBe(true);
    expect(learn(BASIC, 'Basic realm="r"')).toBe(false);
  });
});

describe('a token', () => {
  test('is had once for all who wait, and kept', async () => {
    const { authorizer, learn, scopes } = await setUp();
    learn(undefined, 'Bearer REALM');
    const headers = await Promise.all(Array.from({ length: 5 }, () => authorizer.header()));
    expect(new Set([...headers, await authorizer.header()]).size).toBe(1);
    expect(scopes()).toEqual([[OWN]]);
  });

  test('is had once, though many requests were refused for want of one', async () => {
    const { authorizer, learn, scopes } = await setUp();
    expect(learn(undefined, 'Bearer REALM')).toBe(true);
    const first = authorizer.header();
    expect(learn(undefined, 'Bearer REALM')).toBe(true); // while the first one is on its way
    const second = authorizer.header();
    expect(await first).toBe(await second);
    expect(learn(undefined, 'Bearer REALM')).toBe(true); // when it has come
    expect(await authorizer.header()).toBe(await first);
    expect(scopes()).toHaveLength(1);
  });

  test('is renewed once, though many requests were refused with it', async () => {
    const { authorizer, learn, scopes } = await setUp();
    learn(undefined, 'Bearer REALM');
    const old = await authorizer.header();
    const renewed: (string | undefined)[] = [];
    for (let count = 0; count < 3; count += 1) {
      expect(learn(old, 'Bearer REALM,error="invalid_token"')).toBe(true);
      renewed.push(await authorizer.header());
    }
    expect(new Set(renewed).size).toBe(1);
    expect(renewed).not.toContain(old);
    expect(scopes()).toHaveLength(2);
  });

  test('is renewed once by those who are refused while that is under way', async () => {
    const { authorizer, learn, scopes } = await setUp();
    learn(undefined, 'Bearer REALM');
    const old = await authorizer.header();
    learn(old, 'Bearer REALM,error="invalid_token"');
    const renewing = authorizer.header();
    expect(learn(old, 'Bearer REALM,error="invalid_token"')).toBe(true);
    expect(await authorizer.header()).toBe(await renewing);
    expect(scopes()).toHaveLength(2);
  });

  test.each([
    [269, 1], // a lifetime of 300 s, of which nine tenths are used
    [270, 2],
    [100_000, 2],
  ])('after %i s there have been %i', async (seconds, requests) => {
    const { authorizer, learn, scopes, clock } = await setUp();
    learn(undefined, 'Bearer REALM');
    await authorizer.header();
    clock.advance(seconds * 1000);
    await Promise.all([authorizer.header(), authorizer.header()]);
    await authorizer.header();
    expect(scopes()).toHaveLength(requests);
  });

  test('that could not be had is asked for again', async () => {
    const faults: Fault[] = [{ on: { path: '/token' }, do: { status: 503 } }];
    const { authorizer, learn, scopes } = await setUp(undefined, faults);
    learn(undefined, 'Bearer REALM');
    const both = await Promise.allSettled([authorizer.header(), authorizer.header()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await authorizer.header()).toMatch(/^Bearer /);
    expect(scopes()).toHaveLength(2);
  });
});

describe('scopes', () => {
  test.each<readonly [challenge: string, learnt: boolean, scopes: readonly string[]]>([
    ['repository:team/app:pull,push', false, []],
    ['repository:team/app:pull', false, []],
    ['repository:q/one:pull', true, [OWN, 'repository:q/one:pull']],
    [
      'repository:q/one:pull repository:z:push,pull',
      true,
      [OWN, 'repository:q/one:pull', 'repository:z:push,pull'],
    ],
    ['repository:host:5000/q:pull', true, [OWN, 'repository:host:5000/q:pull']],
    ['repository:team/app:delete', false, []], // asked for, some servers refuse everything
    ['repository:q/one:pull,delete,*', true, [OWN, 'repository:q/one:pull']],
    ['repository:q/one:delete', false, []],
    ['registry:catalog:*', false, []],
    ['repository', false, []],
    ['', false, []],
  ])('too few, where %j is needed', async (scope, learnt, scopes) => {
    const setting = await setUp();
    setting.learn(undefined, 'Bearer REALM');
    const weak = await setting.authorizer.header();
    const challenge = `Bearer REALM,error="insufficient_scope",scope="${scope}"`;
    expect(setting.learn(weak, challenge)).toBe(learnt);
    await setting.authorizer.header();
    expect(setting.scopes()).toEqual([[OWN], ...(learnt ? [scopes] : [])]);
  });

  test('add up, the destination first', async () => {
    const { authorizer, learn, scopes } = await setUp();
    learn(undefined, 'Bearer REALM,scope="repository:a:pull"');
    learn(await authorizer.header(), 'Bearer REALM,scope="repository:b:pull"');
    learn(await authorizer.header(), 'Bearer REALM,scope="repository:a:push"');
    await authorizer.header();
    expect(scopes()).toEqual([
      [OWN, 'repository:a:pull'],
      [OWN, 'repository:a:pull', 'repository:b:pull'],
      [OWN, 'repository:a:pull,push', 'repository:b:pull'],
    ]);
  });

  test('of a token on its way are not too few for ever', async () => {
    const { authorizer, learn, scopes } = await setUp();
    learn(undefined, 'Bearer REALM');
    const first = authorizer.header();
    expect(learn(undefined, 'Bearer REALM,scope="repository:b:pull"')).toBe(true);
    expect(await authorizer.header()).not.toBe(await first);
    expect(scopes()).toEqual([[OWN], [OWN, 'repository:b:pull']]);
  });

  describe('that the token server refuses', () => {
    const refusing = (status: number): Fault[] => [{ on: { path: '/token' }, do: { status } }];

    test.each([400, 403, 404])('are left out for ever (%i)', async (status) => {
      const { authorizer, learn, scopes } = await setUp(undefined, refusing(status));
      authorizer.alsoNeeds('repository:q/one:pull');
      learn(undefined, 'Bearer REALM');
      const token = await authorizer.header();
      expect(token).toMatch(/^Bearer /);
      authorizer.alsoNeeds('repository:q/one:pull');
      const challenge = 'Bearer REALM,error="insufficient_scope",scope="repository:q/one:pull"';
      expect(learn(token, challenge)).toBe(false);
      expect(await authorizer.header()).toBe(token);
      expect(scopes()).toEqual([[OWN, 'repository:q/one:pull'], [OWN]]);
    });

    test.each<readonly [status: number, more: readonly string[], code: string]>([
      [401, ['repository:q/one:pull'], 'REGISTRY_UNAUTHORIZED'], // the password is wrong
      [503, ['repository:q/one:pull'], 'REGISTRY_STATUS'], // it may be another answer in a moment
      [404, [], 'REGISTRY_STATUS'], // there is nothing to leave out
    ])('are an error: %i for %j', async (status, more, code) => {
      const { authorizer, learn, scopes } = await setUp(undefined, refusing(status));
      for (const scope of more) authorizer.alsoNeeds(scope);
      learn(undefined, 'Bearer REALM');
      expect(await thrownBy(authorizer.header())).toMatchObject({ code });
      expect(scopes()).toEqual([[OWN, ...more]]);
    });
  });
});
