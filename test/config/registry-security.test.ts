import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createSecurityLookup } from '../../src/config/registry-security.ts';
import { warnNobody } from '../../src/config/warn.ts';
import { thrownBy } from '../support/thrown.ts';
import { temporaryDirectory, writeFiles } from './places.ts';

const INSECURE = '[[registry]]\nlocation = "r.test"\ninsecure = true\n';
const BLOCKED = '[[registry]]\nlocation = "r.test"\nblocked = true\n';

async function lookUp(files: Readonly<Record<string, string>>, repository = 'r.test/x') {
  const root = await temporaryDirectory();
  await writeFiles(root, files);
  const environment = { HOME: join(root, 'home') };
  return {
    root,
    found: createSecurityLookup(environment, warnNobody, join(root, 'etc'))(repository),
  };
}

describe('how safely a repository is spoken to', () => {
  test.each<readonly [files: Readonly<Record<string, string>>, security: string]>([
    [{}, 'secure'],
    [{ 'etc/registries.conf': INSECURE }, 'insecure'],
    [{ 'etc/registries.conf.d/1.conf': INSECURE }, 'insecure'],
    [
      {
        'etc/registries.conf.d/1.conf': INSECURE,
        'etc/registries.conf.d/2.conf': '[[registry]]\nlocation = "r.test"',
      },
      'secure',
    ],
    [
      { 'etc/registries.conf.d/1.conf': INSECURE, 'home/.config/containers/registries.conf': '' },
      'secure', // the user's own file takes the place of the system's
    ],
    [{ 'etc/registries.conf': '[[registry]]\nprefix = "r.test/y"\nlocation = "r.test"' }, 'secure'],
    [
      {
        'etc/registries.conf':
          '[[registry]]\nprefix = "r.test/x"\nlocation = "elsewhere.test"\ninsecure = true',
      },
      'insecure', // of the name that was given, wherever images are read from
    ],
  ])('%j', async (files, security) => {
    expect(await (await lookUp(files)).found).toBe(security);
  });

  test('a blocked registry is none, and the message says where that stands', async () => {
    const { root, found } = await lookUp({ 'etc/registries.conf.d/1.conf': BLOCKED });
    const error = await thrownBy(found);
    expect(error).toMatchObject({ code: 'POLICY_REJECTED', origin: 'config' });
    const places = [
      join(root, 'etc/registries.conf'),
      join(root, 'etc/registries.conf.d'),
      join(root, 'home/.config/containers/registries.conf.d'),
    ];
    expect(error.message).toBe(`registry r.test is blocked in one of ${places.join(', ')}`);
  });

  test('a drop-in of the older format is refused', async () => {
    const file = '[registries.block]\nregistries = ["r.test"]';
    const { found } = await lookUp({ 'etc/registries.conf.d/1.conf': file });
    expect(await thrownBy(found)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('registry must be in v2 format but is in v1') as string,
    });
  });
});
