import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { imageAt } from '../support/image-state.ts';
import { pushLocally } from '../support/local-push.ts';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { canMount } from '../support/peers.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { thrownBy } from '../support/thrown.ts';

async function smallDisk(path: string, options: string): Promise<void> {
  await mkdir(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  onTestFinished(() => void execFileSync('umount', [path]));
}

async function image(path: string, size: number): Promise<string> {
  const layers = [await makeLayer({ file: noise(size, path) })];
  await writeOciLayout(path, { layers, compression: 'gzip' });
  return `oci:${path}`;
}

describe.runIf(canMount())('on a full disk', () => {
  test.each([
    ['oci', 'layout:a', 'layout/blobs'],
    ['dir', 'image', 'image/version'],
    ['oci-archive', 'image.tar', 'image.tar'],
  ])('%s:%s keeps the old image', async (transport, name, kept) => {
    const directory = await temporaryDirectory();
    const disk = join(directory, 'disk');
    await smallDisk(disk, 'size=1m');
    const [small, large] = [
      await image(join(directory, 'small'), 100_000),
      await image(join(directory, 'large'), 2_000_000),
    ];
    const place = `${transport}:${join(disk, name)}`;
    await pushLocally(small, place);
    const before = await readdir(disk, { recursive: true });
    expect(before).toContain(kept);
    const digest = await imageAt(place);
    expect(await thrownBy(pushLocally(large, place))).toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
      message: expect.stringContaining('no space left on device'),
      hint: expect.stringContaining('space'),
    });
    expect(await imageAt(place)).toBe(digest);
    // The config went before the layer, and is of use to the next push.
    const after = (await readdir(disk, { recursive: true })).filter(
      (path) => !before.includes(path) && !/(?:^|\/)[0-9a-f]{64}$/.test(path),
    );
    expect(after).toEqual([]);
    await rm(join(disk, kept), { recursive: true });
  });
});
