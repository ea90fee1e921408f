/** The command is killed while it pushes, or is one of many: what it pushes to stays whole, as skopeo sees it. */
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestHex, digestOf } from '../../src/image/digest.ts';
import { statPath } from '../../src/io/file-reader.ts';
import { leftovers } from '../support/image-state.ts';
import {
  makeImage,
  makeLayer,
  noise,
  writeOciLayout,
  type MadeImage,
} from '../support/make-image.ts';
import { makeHome, type Home } from '../support/ocipush.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';
import { pushUntil, pushWhole, type Moment, type PlannedPush } from './kill-moment.ts';

/** Where an image is pushed to in a directory, and where another one is before. */
const PLACES = [
  ['oci:DIRECTORY/layout:new', 'oci:DIRECTORY/layout:old'],
  ['oci:DIRECTORY/layout:a', 'oci:DIRECTORY/layout:a'],
  ['dir:DIRECTORY/image', 'dir:DIRECTORY/image'],
  ['oci-archive:DIRECTORY/image.tar:a', 'oci-archive:DIRECTORY/image.tar:a'],
  // Such an archive must not be there before.
  ['docker-archive:DIRECTORY/image.tar:example.com/image:1', undefined],
] as const;

/** For each of these. */
const KILLS = 8;

/** Evenly spread, and more of them where files are made and renamed. */
const moments: fc.Arbitrary<Moment> = fc.noBias(
  fc.record({
    of: fc.constantFrom('bytes', 'changes', 'changes'),
    share: fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1000),
  }),
);

let peers: PeerHome;
let home: Home;

beforeAll(async () => {
  [peers, home] = await Promise.all([makePeerHome(), makeHome()]);
});

afterAll(async () => {
  await peers[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

/** Layers of its own for each name, above one that all have. */
async function layersOf(name: string): Promise<readonly Uint8Array[]> {
  const text = Buffer.from(noise(30_000, name)).toString('hex').repeat(50);
  const files = [{ base: noise(200_000) }, { noise: noise(1_000_000, name) }, { text }];
  return Promise.all(files.map(makeLayer));
}

/** The digest of the manifest at a place, of which skopeo has read all; `none` where there is none. */
async function found(place: string): Promise<string> {
  if (!(await isThere(place))) return 'none';
  const copy = join(peers.path, `copy-${digestHex(digestOf(Buffer.from(place)))}`);
  await peers.run('skopeo', 'copy', '--quiet', place, `dir:${copy}`);
  const manifest = await readFile(join(copy, 'manifest.json'));
  await rm(copy, { recursive: true });
  return digestOf(manifest);
}

/** Whether anything claims to be the image. */
async function isThere(place: string): Promise<boolean> {
  const [transport, path = '', name] = place.split(':');
  if (transport === 'dir') return (await statPath(join(path, 'manifest.json'))) !== undefined;
  if (transport !== 'oci') return (await statPath(path)) !== undefined;
  const index = await readFile(join(path, 'index.json'), 'utf8');
  return index.includes(`"org.opencontainers.image.ref.name":"${name}"`);
}

/** Blobs of layouts whose bytes are not those of their names. */
async function damagedBlobs(directory: string): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const path of await readdir(directory, { recursive: true })) {
    const hex = /blobs\/sha256\/(.*)$/.exec(path)?.[1];
    if (hex === undefined) continue;
    const digest = digestOf(await readFile(join(directory, path)));
    if (digestHex(digest) !== hex) damaged.push(path);
  }
  return damaged;
}

describe.runIf(requirePeers('skopeo'))('a push that is killed', () => {
  let images: { readonly old: MadeImage; readonly new: MadeImage };

  beforeAll(async () => {
    const [old, fresh] = await Promise.all(['old', 'new'].map(layersOf));
    images = {
      old: makeImage({ layers: old ?? [] }),
      new: makeImage({ layers: fresh ?? [] }),
    };
  });

  test.concurrent.each(PLACES)('leaves what was there, or is done: %s', async (target, old) => {
    const root = join(home.path, digestHex(digestOf(Buffer.from(`${old} ${target}`))));
    const [before, work] = [join(root, 'before'), join(root, 'work')];
    const at = (place: string, directory: string): string => place.replace('DIRECTORY', directory);
    const planned = (image: MadeImage, place: string, directory: string): PlannedPush => ({
      home,
      image,
      destination: at(place, directory),
      directory,
    });
    const start = async (): Promise<void> => {
      await rm(work, { recursive: true, force: true });
      await cp(before, work, { recursive: true });
    };
    const places = new Set([target, old ?? target]);
    const stateOf = (directory: string): Promise<readonly string[]> =>
      Promise.all([...places].map((place) => found(at(place, directory))));
    await mkdir(before, { recursive: true });
    if (old !== undefined) await pushWhole(planned(images.old, old, before));
    const former = await stateOf(before);
    await start();
    const push = planned(images.new, target, work);
    const changes = await pushWhole(push);
    const latter = await stateOf(work);
    expect(latter).not.toEqual(former);
    let kills = 0;

    const property = fc.asyncProperty(moments, async (moment) => {
      await start();
      if (await pushUntil(push, moment, changes)) kills += 1;
      const state = await stateOf(work);
      expect([former, latter]).toContainEqual(state);
      expect(await damagedBlobs(work)).toEqual([]);

      if (old === undefined && state[0] === latter[0]) return;
      await pushWhole(push);
      expect(await stateOf(work)).toEqual(latter);
      // A push that finds its image there has nothing to write, and leaves a lock to who has.
      if (old !== undefined) await pushWhole(planned(images.old, target, work));
      expect(await leftovers(work)).toEqual([]);
    });
    await fc.assert(property, { numRuns: KILLS, endOnFailure: true });
    // A command that was faster than the signal has been looked at all the same.
    expect(kills).toBeGreaterThanOrEqual(KILLS / 4);
  });
});

describe.runIf(requirePeers('skopeo'))('20 pushes at once', () => {
  test('into one layout leave 20 images', async () => {
    const made = await Promise.all(
      ['x', 'y', 'z'].map(async (name) => {
        const layers = await layersOf(name);
        const { manifest } = await writeOciLayout(join(home.path, name), {
          layers,
          compression: 'gzip',
        });
        return { source: `oci:${name}`, digest: manifest.descriptor.digest };
      }),
    );
    const tags = [...Array(20).keys()].map((number) => ({
      tag: `tag-${number}`,
      ...made[number % 3],
    }));
    const runs = await Promise.all(
      tags.map(({ source = '', tag }) => home.run(['push', source, `oci:layout:${tag}`])),
    );
    expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
    const layout = join(home.path, 'layout');
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
      readonly manifests: readonly unknown[];
    };
    expect(index.manifests).toHaveLength(tags.length);
    for (const { tag, digest } of tags) {
      const raw = await peers.run('skopeo', 'inspect', '--raw', `oci:${layout}:${tag}`);
      expect(digestOf(raw)).toBe(digest);
      expect(await found(`oci:${layout}:${tag}`)).toBe(digest);
    }
    expect(await damagedBlobs(layout)).toEqual([]);
    expect(await leftovers(layout)).toEqual([]);
  });
});
