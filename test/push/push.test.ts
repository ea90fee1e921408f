import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { CompressionWish } from '../../src/push/options.ts';
import {
  blobsOf,
  makeImage,
  makeLayer,
  noise,
  type ImageSpec,
  type MadeImage,
} from '../support/make-image.ts';
import { bytesOf } from '../support/streams.ts';
import { thrownBy } from '../support/thrown.ts';
import { memoryDestination, memorySource, type Journal } from './memory-image.ts';
import { memoryCache, pushOne } from './run-push.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';

async function imageOf(spec: Partial<ImageSpec> = {}): Promise<MadeImage> {
  const layers = [await makeLayer({ a: '1' }), await makeLayer({ b: noise(20_000) })];
  return makeImage({ layers, ...spec });
}

/** A source of the image; its manifest comes first. */
function sourceOf(image: MadeImage, parts?: Parameters<typeof memorySource>[1]) {
  return memorySource(blobsOf(image).toReversed(), parts);
}

function busy(): OcipushError {
  return new OcipushError('REGISTRY_STATUS', 'busy', { retryable: true, origin: 'destination' });
}

describe('a push', () => {
  test('goes one straight way', async () => {
    const journal: Journal = [];
    const destination = memoryDestination({ journal });
    const source = sourceOf(await imageOf());
    await pushOne(source, destination, { journal });
    const blobs = journal.slice(5, -4);
    expect(journal.slice(0, 5)).toEqual([
      'open',
      'reading-signatures',
      'current',
      'begin',
      'blob-total',
    ]);
    expect(blobs.toSorted()).toEqual([
      ...Array(3).fill('blob-done'),
      ...Array(3).fill('blob-start'),
    ]);
    expect(blobs.slice(0, 3)).toEqual(Array(3).fill('blob-start')); // side by side
    expect(journal.slice(-4)).toEqual(['writing-manifest', 'manifest', 'commit', 'close']);
    expect([source.isOpen(), destination.isOpen()]).toEqual([false, false]);
  });

  test('counts what is read and what is sent', async () => {
    const image = await imageOf();
    const { result, events } = await pushOne(sourceOf(image), memoryDestination());
    const descriptors = [...image.layers, image.config].map(({ descriptor }) => descriptor);
    expect(events).toContainEqual({
      kind: 'blob-total',
      count: 3,
      size: descriptors.reduce((sum, { size }) => sum + size, 0),
    });
    const sum = (wanted: 'blob-bytes' | 'blob-sent', digest: string): number =>
      events.reduce(
        (bytes, event) =>
          event.kind === wanted && event.digest === digest ? bytes + event.count : bytes,
        0,
      );
    for (const { descriptor, stored, transfer } of result.blobs) {
      expect(sum('blob-bytes', descriptor.digest)).toBe(descriptor.size);
      expect(sum('blob-sent', descriptor.digest)).toBe(stored?.size);
      expect(transfer).toMatchObject({ bytes: stored?.size, mountedFrom: undefined });
      expect(transfer?.milliseconds).toBeGreaterThanOrEqual(0);
    }
    const [, noisy] = result.blobs;
    expect(noisy?.stored?.size).not.toBe(noisy?.descriptor.size);
  });

  test('compresses plain layers, and says so in the manifest', async () => {
    const image = await imageOf({ annotations: { k: 'v' } });
    const destination = memoryDestination();
    const { result } = await pushOne(sourceOf(image), destination);
    const written = destination.manifests.get(result.digest);
    const manifest = parseImageManifest(written?.bytes ?? Buffer.of(), OCI_MANIFEST);
    const plain = manifest.layers.map(({ digest }) =>
      gunzipSync(destination.blobs.get(digest) ?? ''),
    );
    expect(plain).toEqual(image.layers.map(({ bytes }) => Buffer.from(bytes)));
    for (const { digest, size, mediaType } of manifest.layers) {
      expect(mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip');
      expect(digestOf(destination.blobs.get(digest) ?? Buffer.of())).toBe(digest);
      expect(destination.blobs.get(digest)).toHaveLength(size);
    }
    expect(manifest).toMatchObject({ config: image.config.descriptor, annotations: { k: 'v' } });
    expect(destination.blobs.get(image.config.descriptor.digest)).toEqual(
      Buffer.from(image.config.bytes),
    );
    expect(result).toMatchObject({
      digest: destination.current,
      mediaType: OCI_MANIFEST,
      size: written?.bytes.length,
      reference: 'memory:destination',
    });
    expect(new Set(result.blobs.map(({ stored }) => stored?.digest))).toEqual(
      new Set(destination.blobs.keys()),
    );
  });

  test('leaves what is compressed as it is, to the letter of the manifest', async () => {
    const image = await imageOf({ compression: 'gzip' });
    const destination = memoryDestination();
    const { result } = await pushOne(sourceOf(image), destination);
    expect(result.digest).toBe(image.manifest.descriptor.digest);
    expect(destination.manifests.get(result.digest)?.bytes).toEqual(image.manifest.bytes);
    expect(new Set(destination.blobs.keys())).toEqual(
      new Set([image.config, ...image.layers].map(({ descriptor }) => descriptor.digest)),
    );
  });

  test('is the same every time', async () => {
    const digests = new Set<Digest>();
    for (const jobs of [1, 2, 6]) {
      const { result } = await pushOne(sourceOf(await imageOf()), memoryDestination(), {
        options: { jobs },
      });
      digests.add(result.digest);
    }
    expect(digests.size).toBe(1);
  });

  test('reads and stores what is in the image twice once', async () => {
    const layer = await makeLayer({ a: '1' });
    const image = await imageOf({ layers: [layer, layer, layer] });
    const source = sourceOf(image);
    const { result, events } = await pushOne(source, memoryDestination());
    expect(result.blobs).toHaveLength(2);
    expect([...source.reads.values()]).toEqual([1, 1]);
    expect(events.filter(({ kind }) => kind === 'blob-start')).toHaveLength(2);
    expect(result.blobs.map(({ how }) => how)).toEqual(['uploaded', 'uploaded']);
  });

  test.each([
    ['at once', 0],
    ['after it was begun in vain', 2],
  ])('counts every byte of the source, stored %s', async (_, inVain) => {
    const image = await imageOf();
    const destination = memoryDestination({
      begin: async (upload) => {
        for (let count = 0; count < inVain; count += 1) await bytesOf(upload.open().stream);
      },
    });
    const { events } = await pushOne(sourceOf(image), destination);
    for (const { descriptor } of [...image.layers, image.config]) {
      const counts = events.map((event) =>
        event.kind === 'blob-bytes' && event.digest === descriptor.digest ? event.count : 0,
      );
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(descriptor.size);
    }
  });

  test.each([1, 2, 4])('stores as many blobs at once as it may: %i', async (jobs) => {
    const layers = await Promise.all(['a', 'b', 'c'].map((name) => makeLayer({ [name]: name })));
    let running = 0;
    let most = 0;
    let allow = (): void => undefined;
    const full = new Promise<void>((resolve) => {
      allow = resolve;
    });
    const before = async (what: string): Promise<void> => {
      if (!what.startsWith('sha256:')) return;
      running += 1;
      most = Math.max(most, running);
      if (running === jobs) allow();
      await full;
      running -= 1;
    };
    const destination = memoryDestination({ before });
    await pushOne(sourceOf(await imageOf({ layers })), destination, { options: { jobs } });
    expect(most).toBe(jobs);
  });

  test.each<Partial<CompressionWish>>([
    { level: 10 },
    { format: 'gzip', level: 40 },
    { format: 'gzip', level: -3 },
    { format: 'zstd', level: 40 },
    { format: 'zstd:chunked', level: 23 },
  ])('fails with a level that the format does not have before anything else: %j', async (wish) => {
    const source = sourceOf(await imageOf());
    const journal: Journal = [];
    const pushing = pushOne(source, memoryDestination({ journal }), {
      options: { compression: { ...NO_COMPRESSION_WISH, ...wish } },
    });
    expect(await thrownBy(pushing)).toMatchObject({
      code: 'USAGE',
      origin: 'usage',
      message: expect.stringContaining(`: invalid compression level: ${wish.level}`) as string,
      hint: expect.any(String) as string,
    });
    expect([source.isOpen(), journal]).toEqual([false, []]);
  });
});

describe('an image that is there already', () => {
  test.each(['none', 'gzip'] as const)('costs one question (%s)', async (compression) => {
    const journal: Journal = [];
    const cache = memoryCache();
    const destination = memoryDestination({ journal });
    const source = sourceOf(await imageOf({ compression }));
    const { result: first } = await pushOne(source, destination, { cache });
    journal.length = 0;
    const { result } = await pushOne(source, destination, { cache, journal });
    expect(journal).toEqual(['open', 'reading-signatures', 'current', 'unchanged', 'close']);
    expect(result).toEqual({ ...first, status: 'unchanged', blobs: [] });
    expect(Math.max(...source.reads.values())).toBe(1);
  });

  test('is not recognised without knowing what its layers became', async () => {
    const destination = memoryDestination();
    const source = sourceOf(await imageOf());
    await pushOne(source, destination);
    const { events } = await pushOne(source, destination);
    expect(events.map(({ kind }) => kind)).not.toContain('unchanged');
  });

  test('is written again under a name that stands for another', async () => {
    const cache = memoryCache();
    const destination = memoryDestination();
    const source = sourceOf(await imageOf());
    const { result: first } = await pushOne(source, destination, { cache });
    destination.current = digestOf(Buffer.from('another'));
    const { result } = await pushOne(source, destination, { cache });
    expect(destination.current).toBe(first.digest);
    expect(result.blobs.map(({ how }) => how)).toEqual(['exists', 'exists', 'exists']);
  });

  test('in the mind of a cache alone is stored', async () => {
    const image = await imageOf();
    const lying = digestOf(Buffer.from('nobody has this'));
    const cache = { ...memoryCache(), recoded: () => ({ digest: lying, size: 7 }) };
    const destination = memoryDestination();
    const { result } = await pushOne(sourceOf(image), destination, { cache });
    expect(destination.blobs.has(lying)).toBe(false);
    expect(
      Buffer.from(destination.manifests.get(result.digest)?.bytes ?? []).toString(),
    ).not.toContain(lying);
  });

  test('at another level is another image', async () => {
    const cache = memoryCache();
    const source = sourceOf(await imageOf());
    const at = async (level: number) =>
      pushOne(source, memoryDestination(), {
        cache,
        options: { compression: { ...NO_COMPRESSION_WISH, level } },
      });
    const digests = [await at(1), await at(9), await at(1)].map(({ result }) => result.digest);
    expect(digests[0]).not.toBe(digests[1]);
    expect(digests[0]).toBe(digests[2]);
    expect(cache.size()).toBe(4);
  });
});

describe('a destination that is named by digest', () => {
  test('takes the image with that digest as it is', async () => {
    const image = await imageOf();
    const requiredDigest = image.manifest.descriptor.digest;
    const capabilities = { requiredDigest };
    const destination = memoryDestination({ capabilities });
    const { result } = await pushOne(sourceOf(image), destination);
    expect(result.digest).toBe(requiredDigest);
    expect(destination.blobs.has(image.layers[0]?.descriptor.digest ?? requiredDigest)).toBe(true);
  });

  test('takes no other', async () => {
    const journal: Journal = [];
    const requiredDigest = digestOf(Buffer.from('another'));
    const destination = memoryDestination({ journal, capabilities: { requiredDigest } });
    const error = await thrownBy(pushOne(sourceOf(await imageOf()), destination));
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'usage' });
    expect(error.message).toContain(
      "Digest of source image's manifest would not match destination",
    );
    expect(journal).toEqual(['open', 'close']);
  });
});

describe('signatures', () => {
  test('are not left behind without a word', async () => {
    const journal: Journal = [];
    const source = sourceOf(await imageOf(), { signed: () => true });
    const error = await thrownBy(pushOne(source, memoryDestination({ journal }), { journal }));
    expect(error).toMatchObject({ code: 'UNSUPPORTED', origin: 'destination' });
    expect(error.hint).toContain('--remove-signatures');
    expect(journal).toEqual(['open', 'reading-signatures', 'close']);
  });

  test('are left behind when that is asked for, and not looked for', async () => {
    const journal: Journal = [];
    const source = sourceOf(await imageOf(), {
      signed: () => {
        throw new Error('they were looked for');
      },
    });
    await pushOne(source, memoryDestination({ journal }), {
      journal,
      options: { removeSignatures: true },
    });
    expect(journal).not.toContain('reading-signatures');
  });

  test('that are not there are in nobody’s way', async () => {
    const source = sourceOf(await imageOf(), { signed: () => false });
    await expect(pushOne(source, memoryDestination())).resolves.toBeDefined();
  });
});

describe('repetition', () => {
  test('does everything again but opening the source', async () => {
    const journal: Journal = [];
    const failures = [busy(), busy()];
    const before = (): void => {
      const failure = failures.pop();
      if (failure) throw failure;
    };
    const source = sourceOf(await imageOf());
    const destination = memoryDestination({ journal, before });
    const { result, sleeps } = await pushOne(source, destination, {
      journal,
      options: { retry: 3, jobs: 1 },
    });
    expect(destination.current).toBe(result.digest);
    expect(sleeps).toEqual([2000, 4000]);
    const begin = ['open', 'reading-signatures', 'current', 'begin', 'blob-total'];
    const once = [...begin, 'blob-start', 'close', 'retry'];
    expect(journal.slice(0, 2 * once.length)).toEqual([...once, ...once]);
    expect(journal.filter((entry) => entry === 'commit')).toHaveLength(1);
  });

  test.each(['manifest', 'commit'] as const)(
    'finds what was stored before %s failed',
    async (where) => {
      let failed = 0;
      const before = (what: string): void => {
        if (what === where && failed++ === 0) throw busy();
      };
      const source = sourceOf(await imageOf());
      const cache = memoryCache();
      const destination = memoryDestination({ before });
      const { result } = await pushOne(source, destination, { cache, options: { retry: 1 } });
      expect(destination.current).toBe(result.digest);
      expect(Math.max(...source.reads.values())).toBe(1);
    },
  );

  test('ends after as many times as it may', async () => {
    const before = (): never => {
      throw busy();
    };
    const journal: Journal = [];
    const pushing = pushOne(sourceOf(await imageOf()), memoryDestination({ before, journal }), {
      options: { retry: 2 },
    });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'REGISTRY_STATUS' });
    expect(journal.filter((entry) => entry === 'open')).toHaveLength(3);
  });
});
