import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { viewStorage } from '../../../src/transports/containers-storage/store.ts';
import { makeStorage, type Storage } from './make-store.ts';

/** Another process that adds an image says so in the lock file. */
async function disturb(storage: Storage, token: string): Promise<void> {
  await storage.image({ names: [`localhost/${token}:1`] });
  await storage.write('overlay-images/images.lock', token.padEnd(64, '.'));
}

describe('viewStorage', () => {
  test('looks again when it was disturbed', async () => {
    const storage = await makeStorage();
    const seen: number[] = [];
    const result = await viewStorage(storage.conf, async ({ stores }) => {
      seen.push(stores[0]?.images.length ?? -1);
      if (seen.length < 3) await disturb(storage, `image-${seen.length}`);
      return seen.length;
    });
    expect(result).toBe(3);
    expect(seen).toEqual([0, 1, 2]);
  });

  test('does not believe a failure that a disturbance explains', async () => {
    const storage = await makeStorage();
    let looks = 0;
    const result = await viewStorage(storage.conf, async () => {
      looks += 1;
      if (looks > 1) return 'found';
      await disturb(storage, 'late');
      throw new Error('not found');
    });
    expect(result).toBe('found');
    await expect(
      viewStorage(storage.conf, () => Promise.reject(new Error('not found'))),
    ).rejects.toThrow('not found');
  });

  test('gives up in the end', async () => {
    const storage = await makeStorage();
    let looks = 0;
    const looking = viewStorage(storage.conf, async () => {
      looks += 1;
      await disturb(storage, `image-${looks}`);
    });
    await expect(looking).rejects.toMatchObject({ code: 'FILE_UNREADABLE', retryable: true });
    expect(looks).toBe(5);
  });

  test('writes nothing, not even a lock file', async () => {
    const storage = await makeStorage();
    const before = await readdir(storage.root, { recursive: true });
    await viewStorage(storage.conf, () => Promise.resolve());
    expect(await readdir(storage.root, { recursive: true })).toEqual(before);
  });

  test.each([
    [['overlay', 'vfs'], 'overlay'],
    [['vfs'], 'vfs'],
    [[], 'overlay'],
  ])('finds in %j the driver %s', async (drivers, expected) => {
    const { root } = await makeStorage();
    const graphRoot = join(root, 'other');
    for (const name of drivers) await mkdir(join(graphRoot, `${name}-images`), { recursive: true });
    const conf = { driver: undefined, graphRoot, imageStore: undefined, additionalImageStores: [] };
    expect(await viewStorage(conf, ({ driver }) => Promise.resolve(driver.name))).toBe(expected);
  });
});
