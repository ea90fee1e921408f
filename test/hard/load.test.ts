/** Many pushes at once, of images that share layers: every image is whole, and what they share is, too. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { essenceAt, essenceIn, essenceOf } from '../support/image-essence.ts';
import { damagedBlobs, leftovers } from '../support/image-state.ts';
import { makeLayer, noise, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import { makeHome, type Home, type Run } from '../support/ocipush.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';
import { seed, tell, times } from './effort.ts';

const PUSHES = times({ suite: 12, night: 50 });
const IMAGES = 8;
const LAYERS = 6;
const REPOSITORIES = 3;

const CACHE = '.cache/ocipush';

/** Layers of an image by their numbers; those that are plain are compressed by whoever pushes them. */
const recipes = fc.record({
  layers: fc.shuffledSubarray([...Array(LAYERS).keys()], { minLength: 2, maxLength: 4 }),
  compression: fc.constantFrom('none', 'none', 'gzip'),
});

interface Push {
  readonly image: MadeImage;
  readonly source: string;
  readonly repository: string;
  readonly tag: string;
}

let home: Home;
let pushes: readonly Push[];

beforeAll(async () => {
  home = await makeHome();
  const pool = await Promise.all([...Array(LAYERS).keys()].map(layer));
  const images = await Promise.all(
    fc.sample(recipes, { seed, numRuns: IMAGES }).map(async ({ layers, compression }, number) => {
      const tars = layers.map((each) => pool[each] ?? new Uint8Array());
      const spec = { layers: tars, compression, config: { number } } as const;
      const source = `oci:image-${number}`;
      return { image: await writeOciLayout(join(home.path, `image-${number}`), spec), source };
    }),
  );
  pushes = [...Array(PUSHES).keys()].flatMap((number) =>
    images.slice(number % IMAGES, (number % IMAGES) + 1).map((image) => ({
      ...image,
      repository: `team/app-${number % REPOSITORIES}`,
      tag: `tag-${number}`,
    })),
  );
});

afterAll(() => home[Symbol.asyncDispose]());

function layer(number: number): Promise<Uint8Array> {
  const text = Buffer.from(noise(20_000, `${number}`))
    .toString('hex')
    .repeat(10);
  return makeLayer({ noise: noise(100_000 * (number + 1), `layer ${number}`), text });
}

/** Pushes everything at once, into a layout as well. @returns what the commands said that failed */
async function pushAll(registry: Registry): Promise<readonly Run[]> {
  const runs = await Promise.all(
    pushes.map(({ source, repository, tag }) => {
      const destinations = [`${registry.host}/${repository}:${tag}`, `oci:layout:${tag}`];
      return home.run(['push', '--tls-verify=false', source, ...destinations]);
    }),
  );
  return runs.filter(({ code }) => code !== 0);
}

/** Lines of the cache that are not whole. */
async function brokenLines(): Promise<readonly string[]> {
  const directory = join(home.path, CACHE);
  const broken: string[] = [];
  for (const name of await readdir(directory)) {
    const lines = (await readFile(join(directory, name), 'utf8')).split('\n');
    broken.push(...lines.filter((line) => line !== '' && !/^\{"[^{}]*\}$/.test(line)));
  }
  return broken;
}

/** Blobs of all repositories whose bytes are not those of their names. */
function damagedAt(registry: Registry): readonly string[] {
  const names = new Set(pushes.map(({ repository }) => repository));
  const blobs = [...names].flatMap((name) => [...registry.repository(name).blobs]);
  return blobs.filter(([name, { bytes }]) => !bytes || digestOf(bytes) !== name).map(String);
}

test('pushes at once leave every image, and a cache that knows them all', async () => {
  await using registry = await startRegistry();
  const layout = join(home.path, 'layout');
  expect(await pushAll(registry)).toEqual([]);
  for (const { image, repository, tag } of pushes) {
    const essence = essenceOf(image);
    expect(essenceIn(registry.repository(repository), tag)).toEqual(essence);
    expect(await essenceAt(`oci:${layout}:${tag}`)).toMatchObject(essence);
  }
  expect([...damagedAt(registry), ...(await damagedBlobs(layout))]).toEqual([]);
  expect([...registry.openUploads, ...(await leftovers(layout))]).toEqual([]);
  expect(await brokenLines()).toEqual([]);

  const before = registry.requests.length;
  expect(await pushAll(registry)).toEqual([]);
  const asked = registry.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
  const question = ({ repository, tag }: Push): string => `HEAD /v2/${repository}/manifests/${tag}`;
  expect(asked.toSorted()).toEqual(pushes.map(question).toSorted());
  tell('load', { pushes: PUSHES, images: IMAGES, layers: LAYERS });
});
