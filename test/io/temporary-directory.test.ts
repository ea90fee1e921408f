import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTemporaryDirectory } from '../../src/io/temporary-directory.ts';
import { abandonedIn, temporaryDirectory } from '../support/scratch.ts';

function unexpected(message: string): never {
  throw new Error(message);
}

describe('makeTemporaryDirectory', () => {
  test('makes one for the user alone, which is gone with all that is in it', async () => {
    const place = await temporaryDirectory();
    {
      await using directory = await makeTemporaryDirectory(place, 'stem', unexpected);
      expect((await stat(directory.path)).mode & 0o777).toBe(0o700);
      await writeFile(join(directory.path, 'file'), '');
      expect(await readdir(place)).toHaveLength(1);
    }
    expect(await readdir(place)).toEqual([]);
  });

  test('removes what was abandoned, and leaves what is in use', async () => {
    const place = await temporaryDirectory();
    await abandonedIn(place, 'stem');
    await using one = await makeTemporaryDirectory(place, 'stem', unexpected);
    await using other = await makeTemporaryDirectory(place, 'stem', unexpected);
    const names = (await readdir(place)).map((name) => join(place, name));
    expect(names.toSorted()).toEqual([one.path, other.path].toSorted());
  });

  test('warns of what it cannot look at, and fails where it cannot write', async () => {
    const warnings: string[] = [];
    const place = join(await temporaryDirectory(), 'missing');
    const making = makeTemporaryDirectory(place, 'stem', (message) => warnings.push(message));
    await expect(making).rejects.toMatchObject({ code: 'ENOENT' });
    expect(warnings).toHaveLength(1);
  });
});
