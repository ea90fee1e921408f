/** The command is killed while it pushes to a registry: the tag stands for the old image or the new one, and every blob is whole. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { makeHome, type Home } from '../support/ocipush.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { Registry } from '../support/registry/registry.ts';
import { seed, tell, times } from './effort.ts';
import { makeImages, type Images } from './images.ts';
import { REPOSITORY, startWith, wasKilled } from './kill-moment.ts';

const KILLS = times({ suite: 8, night: 200 });

/** Which of the requests of a push is the last, and of how many bytes of its body the registry hears. */
const moments = fc.noBias(
  fc.record({
    share: fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1000),
    // With all of a body the registry has done what it was asked for, and nobody was told.
    bytes: fc.oneof(fc.integer({ min: 0, max: 600_000 }), fc.constant(Infinity)),
  }),
);

let home: Home;
let images: Images;

beforeAll(async () => {
  home = await makeHome();
  images = await makeImages(home.path);
});

afterAll(() => home[Symbol.asyncDispose]());

/** Pushes the new image; with a fault, until it has happened. */
function push(registry: Registry, fault?: Fault): Promise<boolean> {
  const { source } = images.new;
  const running = { home, source, destination: `docker://${registry.host}/${REPOSITORY}:1` };
  return wasKilled(running, (kill) => void (fault && registry.fired(fault).then(kill)));
}

/**
 * What the tag stands for.
 * @throws when that or any other image, or any blob, is not whole
 */
function stateOf(registry: Registry): Digest {
  const repository = registry.repository(REPOSITORY);
  for (const [digest, { bytes }] of repository.blobs) {
    expect(bytes && digestOf(bytes)).toBe(digest);
  }
  for (const digest of repository.manifests.keys()) pushedImage(repository, digest);
  return pushedImage(repository, '1').digest;
}

test('a push that is killed leaves the tag to the old image, or is done', async () => {
  const former = images.old.image.manifest.descriptor.digest;
  const latter = images.new.image.manifest.descriptor.digest;
  await using whole = await startWith(images.old.image);
  await push(whole);
  expect(stateOf(whole)).toBe(latter);
  let kills = 0;

  const property = fc.asyncProperty(moments, async ({ share, bytes }) => {
    const nth = 1 + Math.floor(share * whole.requests.length);
    const fault: Fault = { on: { nth }, do: { stallAfterBytes: bytes } };
    await using registry = await startWith(images.old.image, [fault]);
    if (await push(registry, fault)) kills += 1;
    expect([former, latter]).toContain(stateOf(registry));
    expect(await push(registry)).toBe(false);
    expect(stateOf(registry)).toBe(latter);
  });
  await fc.assert(property, { seed, numRuns: KILLS, endOnFailure: true });
  tell('kills, docker://', { moments: KILLS, kills });
  expect(kills).toBeGreaterThanOrEqual(KILLS / 4);
});
