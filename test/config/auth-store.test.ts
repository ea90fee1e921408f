import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AuthFileTarget } from '../../src/config/auth-file-paths.ts';
import {
  eraseAllCredentials,
  eraseCredentials,
  storeCredentials,
  type AuthStore,
} from '../../src/config/auth-store.ts';
import { systemClock } from '../../src/io/retry-clock.ts';
import { isAbsent } from '../../src/io/system-error.ts';
import { base64, temporaryDirectory, writeFiles, writeHelper } from './places.ts';

const CREDENTIALS = { kind: 'basic', user: 'u', password: 'p' } as const;
const ENTRY = { auth: base64('u:p') };
const HUB = 'https://index.docker.io/v1/';

interface Scene {
  readonly store: AuthStore;
  readonly path: string;
  /** The content of the auth file; undefined when there is none. */
  readonly content: () => Promise<unknown>;
  /** `NAME ACTION SERVER` of every call of a helper. */
  readonly calls: () => Promise<readonly string[]>;
}

interface Machine {
  /** Of the auth file; no file without it. */
  readonly content?: unknown;
  readonly format?: AuthFileTarget['format'];
  readonly credentialHelpers?: readonly string[];
}

/** The helpers `kind` and `other`, `empty` that has nothing, and `broken` that fails. */
async function scene({
  content,
  format = 'containers',
  credentialHelpers = ['containers-auth.json'],
}: Machine): Promise<Scene> {
  const root = await temporaryDirectory();
  const [path, calls, bin] = [join(root, 'auth.json'), join(root, 'calls'), join(root, 'bin')];
  if (content !== undefined) await writeFiles(root, { 'auth.json': content });
  const note = (name: string) =>
    `input=$(cat | sed 's/.*ServerURL":"\\([^"]*\\).*/\\1/'); echo "${name} $1 $input" >> '${calls}'`;
  const answers = {
    kind: `test "$1" != list || echo '{"a.io":"u","b.io":"v"}'`,
    other: `test "$1" != list || echo '{}'`,
    empty: 'echo credentials not found in native keychain; exit 1',
    broken: 'exit 1',
  };
  let PATH = '';
  for (const [name, answer] of Object.entries(answers)) {
    PATH = await writeHelper(bin, name, `${note(name)}; ${answer}`);
  }
  const signal = new AbortController().signal;
  return {
    path,
    store: {
      file: { path, format },
      credentialHelpers,
      environment: { PATH },
      wait: { clock: systemClock, signal },
    },
    content: async () => {
      const text = await readIfThere(path);
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    },
    calls: async () => ((await readIfThere(calls)) ?? '').trimEnd().split('\n').filter(Boolean),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const FILES = 'containers-auth.json';
const REFUSED = expect.objectContaining({ code: 'CONFIG_INVALID', origin: 'config' });

describe('storeCredentials', () => {
  test.each<[machine: Machine, key: string, content: unknown, calls: readonly string[]]>([
    [{}, 'a.io', { auths: { 'a.io': ENTRY } }, []],
    [{}, 'a.io/ns', { auths: { 'a.io/ns': ENTRY } }, []],
    [{}, 'docker.io', { auths: { 'docker.io': ENTRY } }, []],
    [{ format: 'docker' }, 'docker.io', { auths: { [HUB]: ENTRY } }, []],
    [{ format: 'docker' }, 'index.docker.io', { auths: { 'index.docker.io': ENTRY } }, []],
    [
      { content: { credsStore: 'kind' } },
      'a.io',
      { auths: { 'a.io': ENTRY }, credsStore: 'kind' },
      [],
    ],
    [
      {
        content: { credsStore: 'kind', auths: { 'a.io': { auth: 'b2xkOnA=' } } },
        format: 'docker',
      },
      'a.io',
      { auths: { 'a.io': {} }, credsStore: 'kind' }, // the old one would be asked first
      ['kind store a.io'],
    ],
    [
      { content: { credsStore: 'kind' }, format: 'docker' },
      'docker.io',
      { auths: { [HUB]: {} }, credsStore: 'kind' },
      [`kind store ${HUB}`],
    ],
    [
      { content: { credHelpers: { 'a.io': 'other' }, credsStore: 'kind' }, format: 'docker' },
      'a.io',
      { credHelpers: { 'a.io': 'other' }, credsStore: 'kind' },
      ['other store a.io'],
    ],
    [
      { content: { credHelpers: { 'a.io': 'other' } } },
      'a.io',
      { credHelpers: { 'a.io': 'other' } },
      ['other store a.io'],
    ],
    [
      { content: { credHelpers: { 'a.io': 'other' } } },
      'b.io',
      { auths: { 'b.io': ENTRY }, credHelpers: { 'a.io': 'other' } },
      [],
    ],
    [{ credentialHelpers: ['kind', FILES] }, 'a.io', undefined, ['kind store a.io']],
    [{ credentialHelpers: [FILES, 'kind'] }, 'a.io', { auths: { 'a.io': ENTRY } }, []],
    [
      { credentialHelpers: ['broken', 'kind'] },
      'a.io',
      undefined,
      ['broken store a.io', 'kind store a.io'],
    ],
    [{ credentialHelpers: ['kind', FILES] }, 'a.io/ns', { auths: { 'a.io/ns': ENTRY } }, []], // hosts only
    [{ credentialHelpers: ['kind'], format: 'docker' }, 'a.io', { auths: { 'a.io': ENTRY } }, []],
  ])('%j, %s', async (machine, key, content, calls) => {
    const { store, path, ...found } = await scene(machine);
    const place = await storeCredentials(store, key, CREDENTIALS);
    const [helper] = calls.at(-1)?.split(' ') ?? [];
    expect(place).toBe(helper === undefined ? path : `credential helper: ${helper}`);
    expect(await found.content()).toEqual(content);
    expect(await found.calls()).toEqual(calls);
  });

  test.each<[machine: Machine, key: string, code: string, message: string]>([
    [
      { format: 'docker' },
      'h/ns',
      'USAGE',
      'Credentials cannot be recorded in Docker-compatible format with namespaced key "h/ns"',
    ],
    [
      { credentialHelpers: ['kind'] },
      'h/ns',
      'USAGE',
      'namespaced key is not supported for credential helper kind',
    ],
    [
      { content: { credHelpers: { h: 'broken' } } },
      'h',
      'CONFIG_INVALID',
      'error storing credentials - err: exit status 1, out: ``',
    ],
    [
      { credentialHelpers: ['broken', 'missing'] },
      'h',
      'CONFIG_INVALID',
      'errors storing credentials:\n\t* error storing credentials - err: exit status 1, out: ``\n\t* error storing credentials - err: exec: "docker-credential-missing": executable file not found in $PATH, out: ``',
    ],
    [
      { credentialHelpers: [] },
      'h',
      'CONFIG_INVALID',
      'storing credentials: credential-helpers is empty',
    ],
  ])('refuses %j, %s', async (machine, key, code, message) => {
    const { store, content } = await scene(machine);
    await expect(storeCredentials(store, key, CREDENTIALS)).rejects.toMatchObject({
      code,
      message,
    });
    expect(await content()).toEqual(machine.content);
  });
});

describe('eraseCredentials', () => {
  const both = { auths: { 'a.io': ENTRY, 'a.io/ns': ENTRY } };

  test.each<
    [machine: Machine, key: string, isErased: boolean, content: unknown, calls: readonly string[]]
  >([
    [{}, 'a.io', false, undefined, []],
    [{ content: both }, 'b.io', false, both, []],
    [{ content: both }, 'a.io', true, { auths: { 'a.io/ns': ENTRY } }, []],
    [{ content: both }, 'a.io/ns', true, { auths: { 'a.io': ENTRY } }, []],
    [{ content: { auths: { [HUB]: ENTRY } } }, 'docker.io', false, { auths: { [HUB]: ENTRY } }, []],
    [
      { content: { auths: { [HUB]: ENTRY } }, format: 'docker' },
      'docker.io',
      true,
      { auths: {} },
      [],
    ],
    [
      { content: { auths: { 'a.io': {} }, credsStore: 'kind' }, format: 'docker' },
      'a.io',
      true,
      { auths: {}, credsStore: 'kind' },
      ['kind erase a.io'],
    ],
    [
      { content: { credHelpers: { 'a.io': 'other' } } },
      'a.io',
      true,
      { credHelpers: { 'a.io': 'other' } },
      ['other erase a.io'],
    ],
    [
      { content: both, credentialHelpers: ['empty', FILES, 'kind'] },
      'a.io',
      true,
      { auths: { 'a.io/ns': ENTRY } },
      ['empty erase a.io', 'kind erase a.io'],
    ],
    [{ credentialHelpers: ['empty'] }, 'a.io', false, undefined, ['empty erase a.io']],
    [
      { content: both, credentialHelpers: ['kind', FILES] },
      'a.io/ns',
      true,
      { auths: { 'a.io': ENTRY } },
      [],
    ],
  ])('%j, %s: %s', async (machine, key, isErased, content, calls) => {
    const { store, ...found } = await scene(machine);
    expect(await eraseCredentials(store, key)).toBe(isErased);
    expect(await found.content()).toEqual(content);
    expect(await found.calls()).toEqual(calls);
  });

  test('tells of a helper that fails once all others have been asked', async () => {
    const { store, content, calls } = await scene({
      content: both,
      credentialHelpers: ['broken', FILES, 'kind'],
    });
    await expect(eraseCredentials(store, 'a.io')).rejects.toEqual(REFUSED);
    expect(await content()).toEqual({ auths: { 'a.io/ns': ENTRY } });
    expect(await calls()).toEqual(['broken erase a.io', 'kind erase a.io']);
  });
});

describe('eraseAllCredentials', () => {
  test.each<[machine: Machine, content: unknown, calls: readonly string[]]>([
    [{}, undefined, []],
    [{ content: { auths: { a: ENTRY, b: ENTRY }, more: 1 } }, { auths: {}, more: 1 }, []],
    [
      { content: { auths: { a: ENTRY }, credHelpers: { 'c.io': 'other', 'd.io': 'empty' } } },
      { auths: {}, credHelpers: { 'c.io': 'other', 'd.io': 'empty' } },
      ['other erase c.io', 'empty erase d.io'],
    ],
    [
      { credentialHelpers: [FILES, 'kind'] },
      undefined,
      ['kind list unused', 'kind erase a.io', 'kind erase b.io'],
    ],
    [
      { content: { credsStore: 'kind' }, format: 'docker' },
      { auths: {}, credsStore: 'kind' },
      ['kind list unused', 'kind erase a.io', 'kind erase b.io'],
    ],
    [{ content: { credsStore: 'kind' } }, { auths: {}, credsStore: 'kind' }, []],
  ])('%j', async (machine, content, calls) => {
    const { store, ...found } = await scene(machine);
    await eraseAllCredentials(store);
    expect(await found.content()).toEqual(content);
    expect(await found.calls()).toEqual(calls);
  });

  test('tells of a helper that fails once the file is empty', async () => {
    const content = { auths: { a: ENTRY }, credHelpers: { 'c.io': 'broken' } };
    const { store, ...found } = await scene({ content });
    await expect(eraseAllCredentials(store)).rejects.toEqual(REFUSED);
    expect(await found.content()).toEqual({ ...content, auths: {} });
  });
});
