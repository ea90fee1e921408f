import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  changeAuthFile,
  formatAuthFile,
  withEntry,
  withoutEntries,
  withoutEntry,
} from '../../src/config/auth-file-write.ts';
import { systemClock } from '../../src/io/retry-clock.ts';
import { temporaryDirectory, withoutPermission } from './places.ts';

const waiting = () => ({ clock: systemClock, signal: new AbortController().signal });
const ENTRY = { auth: 'dTpwOnc=' };

describe('the changes', () => {
  test.each([
    [{}, { auths: { h: ENTRY } }],
    [{ auths: {} }, { auths: { h: ENTRY } }],
    [{ auths: null }, { auths: { h: ENTRY } }],
    [{ auths: { h: { auth: 'old', identitytoken: 't' } } }, { auths: { h: ENTRY } }],
    [
      { auths: { 'h/ns': { auth: 'x', note: 1 } }, credsStore: 's', HttpHeaders: { a: 'b' } },
      {
        auths: { 'h/ns': { auth: 'x', note: 1 }, h: ENTRY },
        credsStore: 's',
        HttpHeaders: { a: 'b' },
      },
    ],
    [{ Auths: { other: {} } }, { Auths: { other: {}, h: ENTRY } }], // read in any case
    [{ other: { auth: 'x' } }, { other: { auth: 'x' }, h: ENTRY }], // .dockercfg
  ])('an entry in %j', (before, after) => {
    expect(withEntry('h', ENTRY)(before)).toEqual(after);
  });

  test.each([
    [
      { auths: { h: ENTRY, 'h/ns': ENTRY }, more: 1 },
      { auths: { 'h/ns': ENTRY }, more: 1 },
    ],
    [{ h: ENTRY, other: ENTRY }, { other: ENTRY }],
    [{ auths: {} }, { auths: {} }],
  ])('no entry in %j', (before, after) => {
    expect(withoutEntry('h')(before)).toEqual(after);
  });

  test('no entries', () => {
    const before = { auths: { h: ENTRY }, credHelpers: { a: 'b' }, more: [1] };
    expect(withoutEntries(before)).toEqual({ ...before, auths: {} });
  });

  test('leave what they were given alone', () => {
    const before = Object.freeze({ auths: Object.freeze({ h: ENTRY }) });
    withEntry('i', ENTRY)(before);
    withoutEntry('h')(before);
    expect(before).toEqual({ auths: { h: ENTRY } });
  });
});

describe('formatAuthFile', () => {
  // Bytes that `podman login` and `podman logout` of 5.8.6 wrote.
  test.each([
    [
      { auths: { '127.0.0.1:45901': ENTRY } },
      '{\n\t"auths": {\n\t\t"127.0.0.1:45901": {\n\t\t\t"auth": "dTpwOnc="\n\t\t}\n\t}\n}',
    ],
    [{ auths: {} }, '{\n\t"auths": {}\n}'],
  ])('%j as the reference', (top, text) => {
    expect(formatAuthFile(top)).toBe(text);
  });

  test('sorts members and entries by their bytes, and nothing below them', () => {
    const top = { é: 1, credHelpers: { b: 1, a: 1 }, Z: 1, auths: { b: {}, B: {}, a: {} } };
    const text = formatAuthFile(top);
    expect(text.match(/"[^"]+"(?=:)/g)?.join('')).toBe('"Z""auths""B""a""b""credHelpers""b""a""é"');
  });
});

describe('changeAuthFile', () => {
  const change = (path: string) => changeAuthFile(path, withEntry('h', ENTRY), waiting());

  test('makes a file that only the user may read, and the directories above it', async () => {
    const root = await temporaryDirectory();
    const path = join(root, 'containers', 'deep', 'auth.json');
    await change(path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ auths: { h: ENTRY } });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(root, 'containers'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(root, 'containers', 'deep'))).toEqual(['auth.json']);
  });

  test('closes a file that others could read', async () => {
    const path = join(await temporaryDirectory(), 'auth.json');
    await writeFile(path, '{}', { mode: 0o644 });
    await change(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('changes what a symbolic link leads to', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'real'));
    await writeFile(join(root, 'real', 'config.json'), '{"credsStore":"s"}');
    await symlink('real/config.json', join(root, 'link'));
    await change(join(root, 'link'));
    expect((await lstat(join(root, 'link'))).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await readFile(join(root, 'real', 'config.json'), 'utf8'))).toEqual({
      credsStore: 's',
      auths: { h: ENTRY },
    });
    expect(await readdir(join(root, 'real'))).toEqual(['config.json']);
  });

  test.each(['', '{', '[]', '{"auths":[]}', '{"auths":{"x":{"auth":1}}}', '{"credHelpers":1}'])(
    'leaves a file broken as %j as it is',
    async (content) => {
      const path = join(await temporaryDirectory(), 'auth.json');
      await writeFile(path, content);
      await expect(change(path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      await expect(change(path)).rejects.toThrow(path);
      expect(await readFile(path, 'utf8')).toBe(content);
    },
  );

  test('loses no entry when many write at once', async () => {
    const path = join(await temporaryDirectory(), 'auth.json');
    const keys = Array.from({ length: 12 }, (_, index) => `h${index}`);
    await Promise.all(keys.map((key) => changeAuthFile(path, withEntry(key, ENTRY), waiting())));
    const { auths } = JSON.parse(await readFile(path, 'utf8')) as { auths: object };
    expect(Object.keys(auths).toSorted()).toEqual(keys.toSorted());
  });

  test.each([
    ['a directory that may not be entered', 'closed/auth.json', 'permission denied'],
    ['a directory that is a file', 'file/auth.json', 'not a directory'],
    ['a directory', 'closed', 'illegal operation on a directory'],
    ['a device', '/dev/null', 'not a regular file'],
  ])('says that %s cannot be written', async (_, place, reason) => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'closed'));
    await writeFile(join(root, 'file'), '');
    const path = place.startsWith('/') ? place : join(root, place);
    const failure = place.startsWith('closed/')
      ? withoutPermission(join(root, 'closed'), () => change(path))
      : change(path);
    await expect(failure).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'config',
      message: `writing ${path}: ${reason}`,
      hint: expect.any(String),
    });
  });
});
