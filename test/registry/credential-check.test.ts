import { describe, expect, onTestFinished, test } from 'vitest';
import { checkCredentials } from '../../src/registry/credential-check.ts';
import type { Credentials } from '../../src/registry/options.ts';
import { fakeClock } from '../support/fake-clock.ts';
import {
  startRegistry,
  type Registry,
  type RegistryOptions,
} from '../support/registry/registry.ts';
import { registryOptions } from '../support/registry-options.ts';
import { PASSWORD } from './open-client.ts';

async function check(
  served: RegistryOptions,
  credentials: Credentials,
  tlsVerify = false,
): Promise<{ readonly registry: Registry; readonly checked: Promise<void> }> {
  const registry = await startRegistry(served);
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const options = registryOptions({ tlsVerify, clock: fakeClock() });
  const { signal } = new AbortController();
  return { registry, checked: checkCredentials(registry.host, credentials, options, signal) };
}

const WRONG = { ...PASSWORD, password: 'wrong' };
const { user, password } = PASSWORD;
const BASIC = { kind: 'basic', user, password } as const;
const BEARER = { kind: 'bearer', user, password } as const;

describe('checkCredentials', () => {
  test.each([
    [BASIC, ['GET /v2/ 401', 'GET /v2/ 200']],
    [BEARER, ['GET /v2/ 401', 'GET /token 200', 'GET /v2/ 200']],
    [undefined, ['GET /v2/ 200']],
  ])('right at %j', async (auth, trace) => {
    const { registry, checked } = await check({ ...(auth && { auth }) }, PASSWORD);
    await checked;
    expect(registry.requests.map((each) => `${each.method} ${each.path} ${each.status}`)).toEqual(
      trace,
    );
    const [token] = registry.requests.filter(({ path }) => path === '/token');
    expect([...(token?.query.keys() ?? [])]).toEqual(token ? ['service', 'account'] : []);
  });

  test.each([[BASIC], [BEARER]])('wrong at %j', async (auth) => {
    const { registry, checked } = await check({ auth }, WRONG);
    await expect(checked).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    expect(registry.requests.filter(({ path }) => path !== '/v2/').length).toBe(
      auth.kind === 'bearer' ? 1 : 0,
    );
  });

  test('what is in the way is told as the ping of the registry', async () => {
    const fault = { on: { path: /^\/v2\/$/, times: Infinity }, do: { status: 404 } };
    const refused = await check({ faults: [fault] }, PASSWORD);
    await expect(refused.checked).rejects.toMatchObject({
      code: 'REGISTRY_STATUS',
      message: expect.stringMatching(/^pinging container registry 127\.0\.0\.1:\d+: (?!pinging)/),
    });
    const plain = await check({}, PASSWORD, true);
    await expect(plain.checked).rejects.toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringMatching(/^pinging container registry 127\.0\.0\.1:\d+: Get "https:/),
    });
  });

  test('a registry that has too much to do is asked again', async () => {
    const fault = { on: { path: /^\/v2\/$/ }, do: { status: 503 } };
    const { registry, checked } = await check({ auth: BASIC, faults: [fault] }, PASSWORD);
    await checked;
    expect(registry.requests.map(({ status }) => status)).toEqual([503, 401, 200]);
  });
});
