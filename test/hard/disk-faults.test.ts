/** Disks that are full, read-only or another's: what is written to them is the old or the new, and one line says why. */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../support/failure.ts';
import { damagedBlobs, leftovers } from '../support/image-state.ts';
import { makeHome, type Home, type Run } from '../support/ocipush.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';
import { canMakeDisks, makeSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { disarm, DISK_FAULTS, usedOf, type DiskFault, type Space } from './disk-faults.ts';
import { DISK_WRITERS, PASSWORD, USER, type DiskScene, type DiskWriter } from './disk-writers.ts';
import { seed, tell, times } from './effort.ts';
import { makeImages } from './images.ts';

/** Of each fault, for each that writes. */
const TRIES = times({ suite: 1, night: 20 });

/** Of the space that is needed; a little more of it than all, for there are temporary files. */
const shares = fc.noBias(
  fc.integer({ min: 0, max: 1199 }).map((thousandths) => thousandths / 1000),
);

let home: Home;
let registries: readonly Registry[];
let scene: DiskScene;

beforeAll(async () => {
  home = await makeHome();
  const auth = { kind: 'basic', user: USER, password: PASSWORD } as const;
  registries = await Promise.all([startRegistry(), startRegistry({ auth })]);
  const [open = '', closed = ''] = registries.map(({ host }) => host);
  scene = { images: await makeImages(home.path), hosts: { open, closed } };
});

afterAll(async () => {
  await Promise.all([home, ...registries].map((each) => each[Symbol.asyncDispose]()));
});

/** Runs what writes to a disk there. */
function run(writer: DiskWriter, disk: SmallDisk, words: readonly string[] = []): Promise<Run> {
  const [args, options = {}] = writer.command(disk.path);
  return home.run(args, {
    ...options,
    env: { ...options.env, NODE_COMPILE_CACHE: join(home.path, 'compiled') },
    under: [...disk.under, ...words],
  });
}

/**
 * How a command has ended.
 * @throws when it has failed without one clear line that gives the reason
 */
function endingOf(attempt: Run, { reason }: DiskFault): 'done' | 'refused' {
  if (attempt.code === 0) return 'done';
  const { code, error, hint } = failureOf(attempt);
  if (code === 125 && error.includes(reason) && hint !== undefined) return 'refused';
  throw new Error(`not clear: ${JSON.stringify(attempt)}`);
}

/** Leaves on a disk what was there before, and something of somebody else's. */
async function start(writer: DiskWriter, disk: SmallDisk): Promise<void> {
  await disarm(disk);
  for (const name of await readdir(disk.view)) await rm(join(disk.view, name), { recursive: true });
  await writeFile(join(disk.view, 'other'), 'other');
  await writer.prepare(disk.view);
}

/** Writes to a disk that has room. */
async function measure(writer: DiskWriter, disk: SmallDisk): Promise<Space> {
  await start(writer, disk);
  expect(await run(writer, disk)).toMatchObject({ code: 0 });
  const names = await readdir(disk.view, { recursive: true });
  const found = await Promise.all(names.map((name) => stat(join(disk.view, name))));
  const sizes = found.map((each) => (each.isFile() ? each.size : 0));
  return { ...(await usedOf(disk)), largest: Math.max(...sizes) };
}

describe.runIf(canMakeDisks())('what is written to a disk with a fault', () => {
  test.concurrent.each(DISK_WRITERS)('is the old or the new: %s', async (what, make) => {
    const writer = make(scene);
    await using disk = await makeSmallDisk(await mkdtemp(join(home.path, 'disk-')));
    const space = await measure(writer, disk);
    const latter = await writer.state(disk.view);
    let failures = 0;
    for (const fault of DISK_FAULTS) {
      const property = fc.asyncProperty(shares, async (share) => {
        await start(writer, disk);
        const former = await writer.state(disk.view);
        const attempt = await run(writer, disk, await fault.arm(disk, space, share));
        await disarm(disk);
        const state = await writer.state(disk.view);
        expect(await damagedBlobs(disk.view)).toEqual([]);
        expect(await leftovers(disk.view)).toEqual([]);
        const allowed = writer.withstands
          ? [['done', state]]
          : [
              ['done', latter],
              ['refused', former],
            ];
        expect(allowed).toContainEqual([endingOf(attempt, fault), state]);
        if (state === latter) return;

        failures += 1;
        expect(await run(writer, disk)).toMatchObject({ code: 0 });
        expect(await writer.state(disk.view)).toBe(latter);
        expect(await leftovers(disk.view)).toEqual([]);
      });
      await fc.assert(property, { seed, numRuns: TRIES, endOnFailure: true });
    }
    const all = TRIES * DISK_FAULTS.length;
    tell(`disk faults, ${what}`, { tries: all, failures });
    expect(failures).toBeGreaterThanOrEqual(all / 3);
  });
});
