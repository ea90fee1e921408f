import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isAbsent } from '../../src/io/system-error.ts';
import { isLoginRefusal, login } from '../../src/registry/login.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { startRegistry, type RegistryOptions } from '../support/registry/registry.ts';
import { registryOptions } from '../support/registry-options.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { PASSWORD } from './open-client.ts';

const { user, password } = PASSWORD;
const BASIC = { kind: 'basic', user, password } as const;

/** Logs in under a namespace; tells what is in the auth file in the end. */
async function logIn(served: RegistryOptions, given: string) {
  const registry = await startRegistry(served);
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const path = join(await temporaryDirectory(), 'auth.json');
  const { signal } = new AbortController();
  const clock = fakeClock();
  const key = `${registry.host}/team`;
  const outcome = await login({
    registry: registry.host,
    key,
    credentials: { ...BASIC, password: given },
    connection: registryOptions({ tlsVerify: false, clock }),
    store: {
      file: { path, format: 'containers' },
      credentialHelpers: ['containers-auth.json'],
      environment: {},
      wait: { clock, signal },
    },
    signal,
  }).catch((error: unknown) => error);
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  return { outcome, content, path, key };
}

test('keeps what the registry accepts', async () => {
  const { outcome, content, path, key } = await logIn({ auth: BASIC }, password);
  expect(outcome).toBe(path);
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  expect(JSON.parse(content ?? '')).toEqual({ auths: { [key]: { auth } } });
});

const FOR_EVER = { path: '/v2/', times: Infinity };

test.each<[served: RegistryOptions, code: string, message: string, isRefusal: boolean]>([
  [{ auth: BASIC }, 'REGISTRY_UNAUTHORIZED', 'logging into "KEY": invalid username/password', true],
  [
    { faults: [{ on: FOR_EVER, do: { status: 403 } }] },
    'REGISTRY_DENIED',
    'authenticating creds for "KEY": pinging container registry ',
    true,
  ],
  [
    { faults: [{ on: FOR_EVER, do: { status: 404 } }] },
    'REGISTRY_STATUS',
    'authenticating creds for "KEY": pinging container registry ',
    false,
  ],
])('keeps nothing else: %j', async (served, code, message, isRefusal) => {
  const { outcome, content, key } = await logIn(served, 'wrong');
  expect(outcome).toMatchObject({
    code,
    origin: 'destination',
    message: expect.stringContaining(message.replace('KEY', key)),
  });
  expect(isLoginRefusal(outcome)).toBe(isRefusal);
  expect(content).toBeUndefined();
});
