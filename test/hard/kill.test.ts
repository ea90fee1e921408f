/** The command is killed while it pushes: what it pushes to holds the old image or the new one, whole. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { damagedBlobs, imageIfAny, leftovers } from '../support/image-state.ts';
import { pushLocally } from '../support/local-push.ts';
import { makeHome, type Home } from '../support/ocipush.ts';
import { seed, tell, times } from './effort.ts';
import { makeImages, type Images, type StoredImage } from './images.ts';
import { pushUntil, pushWhole, type Moment, type PlannedPush } from './kill-moment.ts';

/** Where the new image is pushed to in a directory that has the old one there, and elsewhere. */
const PLACES: readonly (readonly [target: string, others: readonly string[]])[] = [
  ['oci:DIRECTORY/layout:a', ['oci:DIRECTORY/layout:b']],
  ['dir:DIRECTORY/image', []],
  ['oci-archive:DIRECTORY/image.tar:a', []],
  // Such an archive must not be there before.
  ['docker-archive:DIRECTORY/image.tar:example.com/image:1', []],
];

/** For each of these. */
const KILLS = times({ suite: 8, night: 200 });

/** Evenly spread, and more of them where files are made and renamed. */
const moments: fc.Arbitrary<Moment> = fc.noBias(
  fc.record({
    of: fc.constantFrom('bytes', 'changes', 'changes'),
    share: fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1000),
  }),
);

let home: Home;
let images: Images;

beforeAll(async () => {
  home = await makeHome();
  images = await makeImages(home.path);
});

afterAll(() => home[Symbol.asyncDispose]());

describe('a push that is killed', () => {
  test.concurrent.each(PLACES)('leaves what was there, or is done: %s', async (target, others) => {
    const places = [target, ...others];
    const startsEmpty = target.startsWith('docker-archive:');
    const root = await mkdtemp(join(home.path, 'kills-'));
    const [before, work] = [join(root, 'before'), join(root, 'work')];
    const at = (place: string, directory: string): string => place.replace('DIRECTORY', directory);
    const stateOf = (directory: string): Promise<readonly string[]> =>
      Promise.all(places.map((place) => imageIfAny(at(place, directory))));
    const push = ({ source }: StoredImage, place: string, directory: string): Promise<unknown> =>
      pushLocally(source, at(place, directory), { temporaryDirectory: home.path });
    const start = async (): Promise<void> => {
      await rm(work, { recursive: true, force: true });
      await cp(before, work, { recursive: true });
    };
    await mkdir(before);
    if (!startsEmpty) for (const place of places) await push(images.old, place, before);
    const former = await stateOf(before);
    await start();
    const planned: PlannedPush = {
      home,
      image: images.new.image,
      destination: at(target, work),
      directory: work,
    };
    const changes = await pushWhole(planned);
    const latter = await stateOf(work);
    expect(latter).not.toEqual(former);
    let kills = 0;

    const property = fc.asyncProperty(moments, async (moment) => {
      await start();
      if (await pushUntil(planned, moment, changes)) kills += 1;
      const state = await stateOf(work);
      expect([former, latter]).toContainEqual(state);
      expect(await damagedBlobs(work)).toEqual([]);

      if (startsEmpty && state[0] === latter[0]) return;
      await push(images.new, target, work);
      expect(await stateOf(work)).toEqual(latter);
      // A push that finds its image there has nothing to write, and leaves a lock to who has.
      if (!startsEmpty) await push(images.old, target, work);
      expect(await leftovers(work)).toEqual([]);
    });
    await fc.assert(property, { seed, numRuns: KILLS, endOnFailure: true });
    tell(`kills, ${target}`, { moments: KILLS, kills });
    // A command that was faster than the signal has been looked at all the same.
    expect(kills).toBeGreaterThanOrEqual(KILLS / 4);
  });
});
