import { execFile } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  checkWritable,
  writeFileAtomically,
  writeStreamAtomically,
} from '../../src/io/atomic-file.ts';
import { openFiles, temporaryDirectory, withoutPermission } from '../support/scratch.ts';
import { watched } from '../support/streams.ts';

const exec = promisify(execFile);

let directory = '';
let path = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'file');
});

async function modeOf(file: string): Promise<number> {
  return (await stat(file)).mode & 0o7777;
}

describe('writeFileAtomically', () => {
  test('writes a file that is not there', async () => {
    await writeFileAtomically(path, Uint8Array.of(0, 255));
    expect(await readFile(path)).toEqual(Buffer.of(0, 255));
    expect(await readdir(directory)).toEqual(['file']);
  });

  test('replaces a file that is there', async () => {
    await writeFile(path, 'a longer text');
    const before = await stat(path);
    await writeFileAtomically(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
    expect((await stat(path)).ino).not.toBe(before.ino);
  });

  test.each([[0o600], [0o644], [0o666]])('gives it mode %o, whatever the umask', async (mode) => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    await writeFileAtomically(path, '', mode);
    expect(await modeOf(path)).toBe(mode);
  });

  test.each([
    ['target', true],
    ['target', false],
    ['below/target', true],
    ['below/target', false],
  ])('writes through a link to %s, there: %s', async (target, exists) => {
    await mkdir(join(directory, 'below'));
    await symlink('link', path);
    await symlink(target, join(directory, 'link'));
    if (exists) await writeFile(join(directory, target), 'old');
    await writeFileAtomically(path, 'new');
    expect(await readlink(path)).toBe('link');
    expect(await readlink(join(directory, 'link'))).toBe(target);
    expect(await readFile(join(directory, target), 'utf8')).toBe('new');
    expect((await lstat(join(directory, target))).isFile()).toBe(true);
  });

  test('leaves everything as it was when the stream fails', async () => {
    await writeFile(path, 'old');
    const failure = new Error('broken');
    const { stream } = watched([Buffer.from('new')], failure);
    await expect(writeStreamAtomically(path, stream)).rejects.toBe(failure);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(directory)).toEqual(['file']);
    expect(await openFiles(directory)).toEqual([]);
  });

  test('writes into a pipe', async () => {
    await exec('mkfifo', [path]);
    const [read] = await Promise.all([readFile(path, 'utf8'), writeFileAtomically(path, 'text')]);
    expect(read).toBe('text');
    expect((await lstat(path)).isFIFO()).toBe(true);
  });

  test('writes to a device', async () => {
    await symlink('/dev/null', path);
    await writeFileAtomically(path, 'text');
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  test.each([['/dev/fd'], ['/proc/self/fd']])(
    'goes on in a file that is open: %s',
    async (names) => {
      const file = await open(path, 'w');
      onTestFinished(() => file.close());
      await file.write('before, ');
      await checkWritable(`${names}/${file.fd}`);
      await writeFileAtomically(`${names}/${file.fd}`, 'text');
      expect(await readFile(path, 'utf8')).toBe('before, text');
    },
  );
});

describe.each([
  ['checkWritable', checkWritable],
  ['writeFileAtomically', (file: string) => writeFileAtomically(file, 'text')],
])('%s refuses', (_, attempt) => {
  test.each([
    ['', 'EISDIR'],
    ['missing/file', 'ENOENT'],
    ['regular/file', 'ENOTDIR'],
    ['loop', 'ELOOP'],
    ['dangling', 'ENOENT'],
  ])('%j: %s', async (name, code) => {
    await writeFile(join(directory, 'regular'), '');
    await symlink('loop', join(directory, 'loop'));
    await symlink('missing/file', join(directory, 'dangling'));
    const before = await readdir(directory);
    await expect(attempt(join(directory, name))).rejects.toMatchObject({ code });
    expect(await readdir(directory)).toEqual(before);
  });

  test('what is not open, or not for writing', async () => {
    await writeFile(path, '');
    await using file = await open(path, 'r');
    await expect(attempt('/dev/fd/987654')).rejects.toMatchObject({ code: 'EBADF' });
    await expect(attempt(`/dev/fd/${file.fd}`)).rejects.toMatchObject({ code: 'EBADF' });
  });

  test('what may not be entered', async () => {
    await withoutPermission(directory, () =>
      expect(attempt(path)).rejects.toMatchObject({ code: 'EACCES' }),
    );
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('checkWritable', () => {
  test('leaves no trace', async () => {
    await checkWritable(path);
    expect(await readdir(directory)).toEqual([]);
    await writeFile(path, 'old');
    await chmod(path, 0o400);
    await checkWritable(path);
    expect(await readdir(directory)).toEqual(['file']);
    expect([await readFile(path, 'utf8'), await modeOf(path)]).toEqual(['old', 0o400]);
  });

  test('does not wait for the reader of a pipe', async () => {
    await exec('mkfifo', [path]);
    await expect(checkWritable(path)).resolves.toBeUndefined();
  });
});
