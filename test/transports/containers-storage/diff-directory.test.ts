import { execFileSync } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { chmod, link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  DiffDirectory,
  isDenied,
} from '../../../src/transports/containers-storage/diff-directory.ts';
import { temporaryDirectory, withoutPermission } from '../../support/scratch.ts';

/** A layer beside files of the host that must never be read; every file says what it is. */
async function makePlace(): Promise<{ readonly root: string; readonly diff: string }> {
  const root = await temporaryDirectory();
  const diff = join(root, 'diff');
  await mkdir(join(diff, 'etc/deep'), { recursive: true });
  await mkdir(join(root, 'outside'));
  await writeFile(join(root, 'evil'), 'HOST');
  await writeFile(join(root, 'outside/evil'), 'HOST');
  await writeFile(join(diff, 'evil'), 'mine');
  await writeFile(join(diff, 'etc/file'), 'file');
  await writeFile(join(diff, 'etc/deep/file'), 'deep');
  return { root, diff };
}

/** What a name leads to; undefined when it leads to nothing. */
function content(directory: DiffDirectory, name: string, size = 4): string | undefined {
  const descriptor = directory.open(Buffer.from(name).toString('latin1'), size);
  if (descriptor === undefined) return undefined;
  try {
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

describe('names', () => {
  test.each([
    ['evil', 'mine'],
    ['./evil', 'mine'],
    ['/evil', 'mine'],
    ['//etc///file', 'file'],
    ['etc/file/', 'file'],
    ['../evil', 'mine'],
    ['../../../../../../evil', 'mine'],
    ['etc/../../evil', 'mine'],
    ['etc/deep/../file', 'file'],
    ['missing/../etc/file', 'file'],
    ['../outside/evil', undefined],
    ['missing', undefined],
    ['missing/file', undefined],
    ['etc/file/below', undefined],
  ])('%s', async (name, expected) => {
    const { diff } = await makePlace();
    expect(content(new DiffDirectory(diff), name)).toBe(expected);
  });

  test('need not be UTF-8, in the layer or above it', async () => {
    const { root } = await makePlace();
    const place = Buffer.concat([Buffer.from(join(root, 'é')), Buffer.from('/dir-\xff', 'latin1')]);
    await mkdir(place, { recursive: true });
    await writeFile(Buffer.concat([place, Buffer.from('/latin\xe9', 'latin1')]), 'file');
    const directory = new DiffDirectory(join(root, 'é'));
    const descriptor = directory.open('dir-\xff/latin\xe9', 4);
    expect(descriptor).toBeDefined();
    if (descriptor !== undefined) closeSync(descriptor);
  });

  test('that are no names for the system are refused', async () => {
    const { diff } = await makePlace();
    const directory = new DiffDirectory(diff);
    for (const name of ['a\0b', 'x'.repeat(300), 'x/'.repeat(1_000_000), '', '/', '..']) {
      expect(() => directory.open(name, 4)).toThrow(
        expect.objectContaining({ code: 'FILE_UNREADABLE' }),
      );
    }
  });
});

describe('links', () => {
  test.each([
    ['ln', '/etc', 'ln/file', 'file'], // absolute: from the root of the layer
    ['ln', '/etc', 'ln/deep/file', 'deep'],
    ['ln', 'etc', 'ln/file', 'file'],
    ['ln', 'etc/', 'ln/deep/file', 'deep'],
    ['etc/ln', 'deep', 'etc/ln/file', 'deep'],
    ['etc/ln', '../etc/deep', 'etc/ln/file', 'deep'],
    ['etc/deep/ln', '..', 'etc/deep/ln/file', 'file'],
    ['ln', '../outside', 'ln/evil', undefined],
    ['ln', '../../../../outside', 'ln/evil', undefined],
    ['ln', '/../outside', 'ln/evil', undefined],
    ['ln', '..', 'ln/evil', 'mine'], // the root is its own parent
    ['etc/deep/ln', '../../..', 'etc/deep/ln/evil', 'mine'],
    ['ln', 'nowhere', 'ln/file', undefined],
    ['ln', 'etc/file', 'ln/file', undefined], // no directory
    ['ln', 'etc', 'ln/../evil', 'mine'], // cleaned before links are seen, as by who unpacked it
  ])('%s -> %s: %s', async (path, target, name, expected) => {
    const { diff } = await makePlace();
    await symlink(target, join(diff, path));
    expect(content(new DiffDirectory(diff), name)).toBe(expected);
  });

  test('to a directory of the host lead nowhere', async () => {
    const { root, diff } = await makePlace();
    await symlink(join(root, 'outside'), join(diff, 'ln'));
    expect(content(new DiffDirectory(diff), 'ln/evil')).toBeUndefined();
  });

  test('are not followed in the last place, wherever they lead', async () => {
    const { root, diff } = await makePlace();
    const directory = new DiffDirectory(diff);
    for (const [name, target] of [
      ['a', join(root, 'evil')],
      ['b', 'evil'],
      ['c', '../evil'],
    ] as const) {
      await symlink(target, join(diff, name));
      expect(() => content(directory, name)).toThrow(
        expect.objectContaining({ code: 'FILE_UNREADABLE' }),
      );
    }
  });

  test('may follow each other, but not for ever', async () => {
    const { diff } = await makePlace();
    await symlink('loop', join(diff, 'loop'));
    for (let step = 0; step < 40; step += 1) {
      await symlink(step === 0 ? 'etc' : `step${step - 1}`, join(diff, `step${step}`));
    }
    await symlink('step39', join(diff, 'step40'));
    const directory = new DiffDirectory(diff);
    expect(content(directory, 'step39/file')).toBe('file');
    for (const name of ['step40/file', 'loop/file']) {
      expect(() => content(directory, name)).toThrow(
        expect.objectContaining({ code: 'FILE_UNREADABLE' }),
      );
    }
  });

  test('that are hard are files', async () => {
    const { diff } = await makePlace();
    await link(join(diff, 'evil'), join(diff, 'hard'));
    expect(content(new DiffDirectory(diff), 'hard')).toBe('mine');
  });
});

describe('what stands there', () => {
  test.each([0, 3, 5])('of another size than %i is refused', async (size) => {
    const { diff } = await makePlace();
    expect(() => content(new DiffDirectory(diff), 'evil', size)).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH' }),
    );
  });

  test('and is no regular file is refused, without waiting for a pipe', async () => {
    const { diff } = await makePlace();
    execFileSync('mkfifo', [join(diff, 'pipe')]);
    const directory = new DiffDirectory(diff);
    for (const name of ['pipe', 'etc']) {
      expect(() => content(directory, name)).toThrow(
        expect.objectContaining({ code: 'FILE_UNREADABLE' }),
      );
    }
  });

  test('and may not be read is denied', async () => {
    const { diff } = await makePlace();
    await chmod(join(diff, '..'), 0o755);
    const failure = await withoutPermission(join(diff, 'etc'), async () => {
      try {
        return content(new DiffDirectory(diff), 'etc/file');
      } catch (error) {
        return error;
      }
    });
    expect(isDenied(failure)).toBe(true);
    expect(isDenied(new Error('other'))).toBe(false);
  });
});
