/** What a destination is told of a push before anything is asked of it. */
import { describe, expect, test } from 'vitest';
import type { AnnouncedBlobs } from '../../src/transports/transport.ts';
import { blobsOf, makeImage, makeIndex, makeLayer } from '../support/make-image.ts';
import { memoryDestination, memorySource } from './memory-image.ts';
import { memoryCache, pushOne, type PushSettings } from './run-push.ts';

const registry = 'r.test';
const repository = { registry, path: 'a' };

async function layers() {
  return [await makeLayer({ a: '1' }), await makeLayer({ b: '2' })];
}

/** What pushes of one image, one after the other, announce. */
async function announce(...pushes: readonly PushSettings[]): Promise<readonly AnnouncedBlobs[]> {
  const image = makeImage({ layers: await layers(), compression: 'gzip' });
  const source = memorySource(blobsOf(image).toReversed());
  const announced: AnnouncedBlobs[] = [];
  for (const settings of pushes) {
    await pushOne(source, memoryDestination({ repository, announced }), settings);
  }
  return announced;
}

describe('a destination is told', () => {
  test('of all blobs that it is not known to have', async () => {
    const cache = memoryCache();
    expect(await announce({}, { cache }, { cache })).toEqual([
      { origins: [], news: 3 },
      { origins: [], news: 3 },
      { origins: [], news: 0 },
    ]);
  });

  test('of no more than go at once', async () => {
    expect(await announce({ options: { jobs: 2 } })).toEqual([{ origins: [], news: 2 }]);
  });

  test('from where they may be linked', async () => {
    const cache = { ...memoryCache(), repositories: () => ['b'] };
    const known = { registry, path: 'b' };
    const named = { registry, path: 'c' };
    const [all] = await announce({ cache, options: { mountFrom: [{ path: 'c' }] } });
    expect(all).toEqual({ origins: [known, named, known, named, known, named], news: 3 });
  });

  test('of what instances share once', async () => {
    const [shared = Buffer.of(), own = Buffer.of()] = await layers();
    const images = [{ layers: [shared] }, { layers: [shared, own] }];
    const made = makeIndex({ images: images.map((spec) => ({ ...spec, compression: 'gzip' })) });
    const source = memorySource([made.index, ...made.images.flatMap(blobsOf)]);
    const announced: AnnouncedBlobs[] = [];
    await pushOne(source, memoryDestination({ repository, announced }));
    expect(announced).toEqual([{ origins: [], news: 4 }]);
  });
});
