import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRegistryOptions, type RegistryFlags } from '../../../src/cli/options/registry.ts';

let home = '';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ocipush-registry-options-'));
  await writeFile(join(home, 'auth.json'), '{"auths":{"r.example":{"auth":"dTpwOnc="}}}');
});

afterAll(() => rm(home, { recursive: true }));

describe('parseRegistryOptions', () => {
  function parse(flags: RegistryFlags, environment: NodeJS.ProcessEnv = {}) {
    const host = {
      environment: { HOME: home, ...environment },
      stdin: () => new PassThrough(),
      stdinIsTerminal: false,
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      signal: new AbortController().signal,
    };
    return parseRegistryOptions(flags, host, () => {});
  }

  test.each([undefined, true, false])('tlsVerify %s', async (tlsVerify) => {
    const options = await parse(tlsVerify === undefined ? {} : { tlsVerify });
    expect(options.tlsVerify).toBe(tlsVerify);
    expect(options.userAgent).toMatch(/^ocipush\/\d/);
  });

  test('--creds wins over every file', async () => {
    const options = await parse({ creds: 'me:own', authfile: join(home, 'nothing.json') });
    expect(await options.credentialsFor('r.example/app')).toEqual({
      kind: 'basic',
      user: 'me',
      password: 'own',
    });
  });

  test.each<[flags: () => RegistryFlags, environment: () => NodeJS.ProcessEnv]>([
    [() => ({ authfile: join(home, 'auth.json') }), () => ({})],
    [() => ({ authfile: '' }), () => ({ REGISTRY_AUTH_FILE: join(home, 'auth.json') })],
    [() => ({ creds: '' }), () => ({ REGISTRY_AUTH_FILE: join(home, 'auth.json') })],
  ])('reads the auth file, case %#', async (flags, environment) => {
    const options = await parse(flags(), environment());
    expect(await options.credentialsFor('r.example/app')).toEqual({
      kind: 'basic',
      user: 'u',
      password: 'p:w',
    });
    expect(await options.credentialsFor('other.example/app')).toBeUndefined();
  });

  test('a typed --authfile must be there', async () => {
    await expect(parse({ authfile: join(home, 'nothing.json') })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  test('an incomplete --creds needs a terminal', async () => {
    await expect(parse({ creds: 'me' })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
