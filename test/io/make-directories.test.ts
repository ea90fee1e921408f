import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDirectories, makeDirectory } from '../../src/io/make-directories.ts';
import { canMakeDisks, makeSmallDisk } from '../support/small-disk.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ocipush-test-'));
  await writeFile(join(root, 'file'), '');
  await symlink('nowhere', join(root, 'dangling'));
});

afterAll(() => rm(root, { recursive: true }));

describe('directories', () => {
  test('are made with all above them, or are there', async () => {
    const path = join(root, 'a', 'b', 'c');
    for (let times = 0; times < 2; times += 1) await makeDirectories(path, 0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await makeDirectory(path, 0o755);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  test.each([
    ['file/a/b', 'ENOTDIR'],
    ['dangling/a/b', 'ENOENT'],
  ])('cannot be made: %s', async (path, code) => {
    await expect(makeDirectories(join(root, path), 0o755)).rejects.toMatchObject({ code });
  });

  test('are not made where that above is missing', async () => {
    const missing = makeDirectory(join(root, 'x', 'y'), 0o755);
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.runIf(canMakeDisks())('do not fit on a full disk', async () => {
    await using disk = await makeSmallDisk(root);
    await disk.remount('nr_inodes=3');
    const made = makeDirectories(join(disk.view, 'p', 'q', 'r', 's'), 0o755);
    await expect(made).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});
