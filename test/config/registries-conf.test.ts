import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRegistriesConf } from '../../src/config/registries-conf.ts';
import { warnNobody } from '../../src/config/warn.ts';
import { temporaryDirectory, writeFiles } from './places.ts';

type Files = Readonly<Record<string, string>>;

async function read(files: Files, environment: Readonly<Record<string, string>> = {}) {
  const root = await temporaryDirectory();
  await writeFiles(root, files);
  const places = Object.entries(environment).map(([name, value]) => [name, join(root, value)]);
  const conf = await readRegistriesConf(
    { HOME: join(root, 'home'), ...(Object.fromEntries(places) as NodeJS.ProcessEnv) },
    warnNobody,
    join(root, 'etc'),
  );
  return { search: conf.unqualifiedSearchRegistries, aliases: Object.fromEntries(conf.aliases) };
}

const searching = (...registries: readonly string[]): string =>
  `unqualified-search-registries = ${JSON.stringify(registries)}\n`;
const USER = 'home/.config/containers';

describe('unqualified-search-registries', () => {
  test.each<[Files, readonly string[]]>([
    [{}, []],
    [{ 'etc/registries.conf': searching('a', 'b/c') }, ['a', 'b/c']],
    [
      { 'etc/registries.conf': searching('a'), 'etc/registries.conf.d/x.conf': searching('b') },
      ['b'],
    ],
    [{ 'etc/registries.conf': searching('a'), 'etc/registries.conf.d/x.conf': searching() }, []],
    [
      {
        'etc/registries.conf': searching('a'),
        [`${USER}/registries.conf.d/x.conf`]: searching('b'),
      },
      ['b'],
    ],
    [{ 'etc/registries.conf.d/x.conf': searching('a'), [`${USER}/registries.conf`]: '' }, []], // the user's alone
    [{ 'etc/registries.conf': searching('a'), [`${USER}/registries.conf`]: searching('b') }, ['b']],
    [{ 'etc/registries.conf': '[registries.search]\nregistries = ["a"]' }, ['a']], // version 1
    [{ 'etc/registries.conf': '[registries.insecure]\nregistries = ["a"]' }, []],
  ])('of %j', async (files, search) => {
    expect((await read(files)).search).toEqual(search);
  });

  test.each([['CONTAINERS_REGISTRIES_CONF'], ['REGISTRIES_CONFIG_PATH']])(
    'of $%s',
    async (name) => {
      const files = {
        own: searching('own'),
        [`${USER}/registries.conf`]: searching('user'),
        'etc/registries.conf.d/x.conf': '[aliases]\na = "x/a"',
      };
      expect(await read(files, { [name]: 'own' })).toEqual({
        search: ['own'],
        aliases: { a: 'x/a' },
      });
      await expect(read({}, { [name]: 'missing' })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
    },
  );
});

test('aliases are those of all files, the later ones first', async () => {
  const files = {
    'etc/registries.conf': '[aliases]\na = "x/a"\nb = "x/b"\nc = "x/c"',
    'etc/registries.conf.d/1.conf': '[aliases]\nb = "y/b"\nc = ""',
    'etc/registries.conf.d/2.conf': '[aliases]\n"d/e" = "z/e"',
  };
  expect((await read(files)).aliases).toEqual({ a: 'x/a', b: 'y/b', 'd/e': 'z/e' });
});

test.each<[Files, RegExp]>([
  [
    { 'etc/registries.conf': 'unqualified-search-registries =' },
    /registries\.conf": line 1, column/,
  ],
  [
    { 'etc/registries.conf': 'unqualified-search-registries = "a"' },
    /expected an array of strings/,
  ],
  [{ 'etc/registries.conf': 'aliases = 5' }, /aliases: expected a table/],
  [{ 'etc/registries.conf.d/x.conf': '[aliases]\na = 5' }, /aliases\.a: expected a string/],
])('%j is refused', async (files, message) => {
  await expect(read(files)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    origin: 'config',
    message: expect.stringMatching(message) as string,
  });
});

test.each<[Files, readonly string[] | undefined]>([
  [{}, undefined],
  [{ 'etc/registries.conf': 'credential-helpers = ["a", "b"]' }, ['a', 'b']],
  [
    {
      'etc/registries.conf': 'credential-helpers = ["a"]',
      'etc/registries.conf.d/x.conf': 'credential-helpers = []',
      [`${USER}/registries.conf.d/x.conf`]: searching('a'),
    },
    [],
  ],
])('credential-helpers of %j', async (files, helpers) => {
  const root = await temporaryDirectory();
  await writeFiles(root, files);
  const conf = await readRegistriesConf(
    { HOME: join(root, 'home') },
    warnNobody,
    join(root, 'etc'),
  );
  expect(conf.credentialHelpers).toEqual(helpers);
});
