import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loginTo } from '../../src/registry/login-to.ts';
import { startRegistry } from '../support/registry/registry.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { thrownBy } from '../support/thrown.ts';
import { PASSWORD } from './open-client.ts';

const { user, password } = PASSWORD;

async function open() {
  const registry = await startRegistry({ auth: { kind: 'basic', user, password } });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const home = await temporaryDirectory();
  return {
    file: join(home, 'auth.json'),
    request: {
      registry: `${registry.host}/team`,
      user,
      tlsVerify: false,
      authfile: join(home, 'auth.json'),
      environment: { HOME: home },
    },
  };
}

test('what the registry accepts is kept', async () => {
  const { file, request } = await open();
  expect(await loginTo({ ...request, password })).toBe(file);
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    auths: { [request.registry]: { auth } },
  });
});

test('what it does not accept leaves no file', async () => {
  const { file, request } = await open();
  expect(await thrownBy(loginTo({ ...request, password: 'wrong' }))).toMatchObject({
    code: 'REGISTRY_UNAUTHORIZED',
  });
  await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
});
