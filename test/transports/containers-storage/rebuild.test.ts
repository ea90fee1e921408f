import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  rebuildLayer,
  type LayerFiles,
} from '../../../src/transports/containers-storage/rebuild.ts';
import { noise } from '../../support/make-image.ts';
import { tarSplitFile, tarSplitOf, type LayerPart } from './make-store.ts';
import { temporaryDirectory } from '../../support/scratch.ts';

/** A layer of these parts, whose files stand in the first of two directories. */
async function makeLayer(
  parts: readonly LayerPart[],
): Promise<LayerFiles & { readonly root: string }> {
  const root = await temporaryDirectory();
  const tarSplit = join(root, 'tar-split.gz');
  const directories = [join(root, 'own'), join(root, 'parent')];
  for (const directory of directories) await mkdir(directory);
  for (const part of parts) {
    if ('name' in part) await writeFile(join(root, 'own', part.name), part.content);
  }
  await writeFile(tarSplit, tarSplitOf(parts));
  return { root, tarSplit, directories };
}

/** Copies of the chunks: their buffer is used again. */
async function chunks(files: LayerFiles, end?: number): Promise<readonly Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of rebuildLayer(files, end)) all.push(new Uint8Array(chunk));
  return all;
}

describe('rebuildLayer', () => {
  test.each([
    [[]],
    [[Buffer.from('header')]],
    [[Buffer.from('header'), { name: 'f', content: 'content' }, Buffer.from('padding')]],
    [
      [
        { name: 'f', content: '' },
        { name: 'g', content: 'g' },
      ],
    ],
  ])('%j', async (parts) => {
    const whole = Buffer.concat(
      parts.map((part) => ('name' in part ? Buffer.from(part.content) : part)),
    );
    expect(Buffer.concat(await chunks(await makeLayer(parts)))).toEqual(whole);
  });

  test('fills every chunk but the last, whatever the sizes of the parts', async () => {
    const text = (size: number) => Buffer.from(noise(size)).toString('hex').slice(0, size);
    const parts = [
      noise(1000),
      { name: 'large', content: text(700_001) },
      noise(600_000),
      ...Array.from({ length: 50 }, (_, index) => ({ name: `f${index}`, content: text(9_999) })),
    ];
    const found = await chunks(await makeLayer(parts));
    const whole = Buffer.concat(
      parts.map((part) => ('name' in part ? Buffer.from(part.content) : part)),
    );
    expect(Buffer.concat(found).equals(whole)).toBe(true);
    expect(new Set(found.slice(0, -1).map(({ length }) => length))).toEqual(new Set([512 * 1024]));
  });

  test('opens nothing behind the end that is wanted', async () => {
    const files = await makeLayer([Buffer.alloc(512, 'h')]);
    const lines = [
      { type: 2, payload: Buffer.alloc(512, 'h').toString('base64') },
      { type: 1, name: 'missing', size: 5 },
    ];
    await writeFile(files.tarSplit, tarSplitFile(lines));
    const [first] = await firstOf(files, 8);
    expect(first?.length).toBe(8);
  });

  test.each([12, 900_000])('refuses a segment of %d bytes that is no base64', async (size) => {
    const files = await makeLayer([]);
    const payload = Buffer.alloc(size, 's').toString('base64').replace('c', '!');
    await writeFile(files.tarSplit, tarSplitFile([{ type: 2, payload }]));
    await expect(chunks(files)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });

  test('finds a file in the directory of a parent, after its own', async () => {
    const files = await makeLayer([{ name: 'f', content: 'own' }]);
    await writeFile(join(files.root, 'parent/f'), 'no!');
    await writeFile(join(files.root, 'parent/g'), 'yes');
    const lines = ['f', 'g'].map((name) => ({ type: 1, name, size: 3 }));
    await writeFile(files.tarSplit, tarSplitFile(lines));
    expect(Buffer.concat(await chunks(files)).toString()).toBe('ownyes');
  });

  test('lets everybody else have a turn', async () => {
    const files = await makeLayer([{ name: 'f', content: 'x'.repeat(8_000_000) }]);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    await chunks(files);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  test.each([
    ['missing', 'FILE_NOT_FOUND'],
    ['longer', 'DIGEST_MISMATCH'],
    ['link', 'FILE_UNREADABLE'],
  ])('names a file that is %s', async (name, code) => {
    const files = await makeLayer([{ name: 'longer', content: 'content' }]);
    await truncate(join(files.root, 'own/longer'), 3);
    await symlink('longer', join(files.root, 'own/link'));
    await writeFile(files.tarSplit, tarSplitFile([{ type: 1, name, size: 7 }]));
    await expect(chunks(files)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(JSON.stringify(name)) as string,
    });
  });
});

/** The first chunk; nothing more is asked for. */
async function firstOf(files: LayerFiles, end: number): Promise<readonly Uint8Array[]> {
  for await (const chunk of rebuildLayer(files, end)) return [new Uint8Array(chunk)];
  return [];
}
