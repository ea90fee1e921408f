import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findEntry,
  parseAuthFile,
  readAuthFile,
  registryOf,
  type AuthFile,
} from '../../src/config/auth-file.ts';
import { messageOf, OcipushError } from '../../src/errors.ts';
import { failureText, temporaryDirectory, withoutPermission, writeFiles } from './places.ts';

function parse(content: unknown): AuthFile {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return parseAuthFile(Buffer.from(text), 'the file');
}

/** The key that decides for a repository. */
function keyFor(content: unknown, repository: string): string | undefined {
  return findEntry(parse(content), repository)?.key;
}

describe('parseAuthFile', () => {
  test('reads every member that it knows, and passes the others by', () => {
    const file = parse({
      auths: {
        'quay.io': { auth: 'a', identitytoken: 'i', username: 'u', password: 'p', email: 7 },
        'empty.io': {},
        'null.io': null,
      },
      credHelpers: { 'gcr.io': 'gcloud' },
      credsStore: 'pass',
      HttpHeaders: { 'User-Agent': 'x' },
    });
    expect([...file.entries.keys()]).toEqual(['quay.io', 'empty.io', 'null.io']);
    expect(file.entries.get('quay.io')).toEqual({
      auth: 'a',
      identityToken: 'i',
      username: 'u',
      password: 'p',
    });
    expect(file.credHelpers).toEqual(new Map([['gcr.io', 'gcloud']]));
    expect(file).toMatchObject({ name: 'the file', credsStore: 'pass', flat: false });
  });

  test.each([
    [{}, false],
    [{ auths: null }, false],
    [{ auths: { h: { auth: 'a' } } }, false],
    [{ credsStore: 'x' }, false],
    [{ HttpHeaders: { 'User-Agent': 'x' } }, false],
    [{ h: { auth: 'a', email: 'e' } }, true], // OpenShift's push/.dockercfg
    [{ h: { auth: 'a' }, i: {} }, true],
    [{ h: { auth: 'a' }, credsStore: 'x' }, false],
  ])('%j has the .dockercfg shape: %s', (content, flat) => {
    expect(parse(content).flat).toBe(flat);
  });

  test('reads names in any case, as the reference does', () => {
    expect(parse({ Auths: { h: { Auth: 'a' } }, credhelpers: { g: 'x' } })).toMatchObject({
      entries: new Map([['h', expect.objectContaining({ auth: 'a' })]]),
      credHelpers: new Map([['g', 'x']]),
    });
  });

  test('an empty credsStore is none', () => {
    expect(parse({ credsStore: '' }).credsStore).toBeUndefined();
  });

  test.each([
    ['', 'end of JSON'],
    ['[]', 'an array'],
    ['{"auths":[]}', 'auths'],
    ['{"auths":{"h":"s3cret"}}', 'auths["h"]'],
    ['{"auths":{"h":{"auth":["s3cret"]}}}', 'auths["h"].auth'],
    ['{"auths":{"h":{"identitytoken":1}}}', 'auths["h"].identitytoken'],
    ['{"auths":{"h":{"username":1}}}', 'auths["h"].username'],
    ['{"h":{"auth":1}}', 'h.auth'],
    ['{"credHelpers":"s3cret"}', 'credHelpers'],
    ['{"credHelpers":{"h":{}}}', 'credHelpers["h"]'],
    ['{"credsStore":1}', 'credsStore'],
    ['{"auths":{"h":{"auth":s3cret}}}', 'line 1, column 23'],
  ])('%s is refused, naming %s', (text, place) => {
    const refused = expect.objectContaining({
      code: 'CONFIG_INVALID',
      origin: 'config',
      hint: expect.any(String),
      message: expect.stringContaining(place),
    });
    expect(() => parse(text)).toThrow(refused);
    expect(() => parse(text)).toThrow('the file');
    expect(() => parse(text)).not.toThrow('s3cret');
  });

  test('any JSON is read, or refused as this file', () => {
    const member = fc.constantFrom('auths', 'credHelpers', 'credsStore', 'h');
    fc.assert(
      fc.property(fc.dictionary(member, fc.jsonValue()), (value) => {
        const message = failureText(() => findEntry(parse(value), 'h/path'));
        expect(message).toMatch(/^$|^reading the file: /);
      }),
    );
  });
});

describe('findEntry', () => {
  const auths = (...keys: string[]) => ({
    auths: Object.fromEntries(keys.map((key) => [key, {}])),
  });

  test.each([
    [['quay.io/a/b/c', 'quay.io/a/b', 'quay.io/a', 'quay.io'], 'quay.io/a/b/c', 'quay.io/a/b/c'],
    [['quay.io', 'quay.io/a', 'quay.io/a/b'], 'quay.io/a/b/c', 'quay.io/a/b'], // in any order
    [['quay.io', 'quay.io/a'], 'quay.io/a/b/c', 'quay.io/a'],
    [['quay.io', 'quay.io/ab'], 'quay.io/a/b', 'quay.io'], // whole components only
    [['h/ns/x', 'h'], 'h/ns/x', 'h/ns/x'], // an empty entry decides too
    [['quay.io'], 'quay.io', 'quay.io'],
    [['127.0.0.1:5000'], '127.0.0.1:5000/a', '127.0.0.1:5000'],
    [['127.0.0.1'], '127.0.0.1:5000/a', undefined],
    [['https://quay.io', 'quay.io'], 'quay.io/a', 'quay.io'], // exact before normalised
    [[], 'quay.io/a', undefined],
  ])('of %j for %s: %s', (keys, repository, expected) => {
    expect(keyFor(auths(...keys), repository)).toBe(expected);
  });

  test.each([
    ['https://index.docker.io/v1/', 'docker.io/library/x', true],
    ['index.docker.io', 'docker.io/library/x', true],
    ['registry-1.docker.io', 'docker.io/library/x', true],
    ['docker.io', 'docker.io/library/x', true],
    ['http://docker.io/foo', 'docker.io/library/x', true],
    ['index.docker.io/v1/', 'docker.io/library/x', false],
    ['docker.io', 'registry-1.docker.io/library/x', true],
    ['https://quay.io/v2/', 'quay.io/a', true],
    ['https://quay.io', 'quay.io/a', true],
    ['quay.io/', 'quay.io/a', false],
    ['https://quay.io/a', 'quay.io/b', true], // only hosts are compared
    ['https://quay.io:443', 'quay.io/a', false],
  ])('key %s is meant for %s: %s', (key, repository, expected) => {
    expect(keyFor(auths(key), repository)).toBe(expected ? key : undefined);
  });

  test('of several keys for one registry the first decides', () => {
    const keys = ['https://index.docker.io/v1/', 'https://index.docker.io/v1/refresh-token'];
    expect(keyFor(auths(...keys), 'docker.io/library/x')).toBe(keys[0]);
  });

  test.each([
    ['quay.io', true],
    ['https://quay.io/v1/', true],
    ['quay.io/v1/', true], // cut without a scheme too
    ['quay.io/a/b', true], // as the registry it starts with
  ])('.dockercfg: key %s is meant for quay.io/a/b: %s', (key, expected) => {
    expect(keyFor({ [key]: { auth: 'a' } }, 'quay.io/a/b')).toBe(expected ? key : undefined);
  });

  test('.dockercfg: the key of the registry goes before one of a namespace', () => {
    const content = { 'quay.io/a': { auth: 'a' }, 'quay.io': { auth: 'b' } };
    expect(keyFor(content, 'quay.io/a')).toBe('quay.io');
  });

  test('the longest key that begins the repository wins', () => {
    const parts = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
    const key = parts.map((path) => ['h', ...path].join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(key), key, (keys, repository) => {
        const fitting = keys.filter((each) => `${repository}/`.startsWith(`${each}/`));
        const longest = fitting.toSorted((a, b) => b.length - a.length)[0];
        expect(keyFor(auths(...keys), repository)).toBe(longest);
      }),
    );
  });
});

describe('registryOf', () => {
  test.each([
    ['docker.io/library/x', 'docker.io'],
    ['[::1]:5000/x', '[::1]:5000'],
    ['localhost:5000', 'localhost:5000'],
  ])('%s: %s', (repository, expected) => {
    expect(registryOf(repository)).toBe(expected);
  });
});

describe('readAuthFile', () => {
  async function failureOf(path: string): Promise<OcipushError> {
    const error: unknown = await readAuthFile(path).catch((reason: unknown) => reason);
    if (error instanceof OcipushError) return error;
    throw new Error(`no failure: ${messageOf(error)}`);
  }

  test('names the file', async () => {
    const root = await temporaryDirectory();
    await writeFiles(root, { 'auth.json': { auths: {} } });
    const path = join(root, 'auth.json');
    expect((await readAuthFile(path))?.name).toContain(`"${path}"`);
  });

  test.each(['missing.json', 'missing/auth.json', 'file/auth.json'])('%s is none', async (path) => {
    const root = await temporaryDirectory();
    await writeFiles(root, { file: '' });
    expect(await readAuthFile(join(root, path))).toBeUndefined();
  });

  test('refuses a directory', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'auth.json'));
    expect(await failureOf(join(root, 'auth.json'))).toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      cause: { code: 'EISDIR' },
    });
  });

  test('refuses what it may not read', async () => {
    const root = await temporaryDirectory();
    await writeFiles(root, { 'auth.json': {} });
    const error = await withoutPermission(root, () => failureOf(join(root, 'auth.json')));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', cause: { code: 'EACCES' } });
  });

  test('reads 4 MiB and not a byte more', async () => {
    const root = await temporaryDirectory();
    const limit = 4 * 1024 * 1024;
    await writeFiles(root, { fits: '{}'.padEnd(limit), 'does not': '{}'.padEnd(limit + 1) });
    expect(await readAuthFile(join(root, 'fits'))).toBeDefined();
    expect(await failureOf(join(root, 'does not'))).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
