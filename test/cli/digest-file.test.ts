import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDigestFile, writeDigestFile } from '../../src/cli/digest-file.ts';
import { digestOf } from '../../src/image/digest.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ocipush-digest-file-'));
});

afterAll(() => rm(directory, { recursive: true }));

describe('checkDigestFile', () => {
  test('leaves no trace', async () => {
    await checkDigestFile(join(directory, 'new'));
    expect(await readdir(directory)).toEqual([]);
  });

  test('names the file as typed and what is wrong with it', async () => {
    const path = join(directory, 'missing', 'digest');
    await expect(checkDigestFile(path)).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: `writing digest file "${path}": no such file or directory`,
      hint: expect.any(String),
    });
  });

  test('refuses a directory', async () => {
    await expect(checkDigestFile(directory)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });
});

describe('writeDigestFile', () => {
  test('replaces the file by the digest alone', async () => {
    const path = join(directory, 'digest');
    await writeFile(path, 'longer than a digest '.repeat(10));
    const digest = digestOf(Buffer.from('manifest'));
    await writeDigestFile(path, digest);
    expect(await readFile(path, 'latin1')).toBe(digest);
    expect(await readFile(path)).toHaveLength(71);
  });
});
