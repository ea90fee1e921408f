import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processMark } from '../../src/io/process-mark.ts';
import { removeAbandoned, temporaryPath } from '../../src/io/temporary-file.ts';
import { temporaryDirectory } from '../support/scratch.ts';

describe('temporaryPath', () => {
  test('is another one at every call', async () => {
    const [one, other] = [await temporaryPath('/d', 'stem'), await temporaryPath('/d', 'stem')];
    expect(one).toMatch(/^\/d\/stem\.[0-9a-f]{8}-\d+-\d+-[0-9a-f]{8}\.tmp$/);
    expect(one).not.toBe(other);
  });

  test.each([['x'.repeat(255)], ['ü'.repeat(127)], ['x😀'.repeat(51)]])(
    'is one that file systems take: %s',
    async (stem) => {
      const directory = await temporaryDirectory();
      const path = await temporaryPath(directory, stem);
      await writeFile(path, '');
      expect(await readdir(directory)).toEqual([basename(path)]);
      expect(path).not.toContain('\ufffd');
    },
  );
});

describe('removeAbandoned', () => {
  test('removes what a process left that has ended, and nothing else', async () => {
    const directory = await temporaryDirectory();
    const child = spawn('true');
    await once(child, 'close');
    const [space, id, began] = (await processMark()).split('-');
    const gone = `${space}-${child.pid}-1`;
    const kept = [
      `stem.${space}-${id}-${began}-00000000.tmp`,
      `stem.00000000-${child.pid}-1-00000000.tmp`,
      `stem.x.${gone}-00000000.tmp`,
      `stem.${gone}-00000000`,
      `other.${gone}-00000000.tmp`,
      'stem',
    ];
    for (const name of [...kept, `stem.${gone}-00000001.tmp`]) {
      await writeFile(join(directory, name), '');
    }
    await mkdir(join(directory, `stem.${gone}-00000002.tmp`, 'below'), { recursive: true });
    await removeAbandoned(directory, 'stem');
    expect((await readdir(directory)).toSorted()).toEqual(kept.toSorted());
  });
});
