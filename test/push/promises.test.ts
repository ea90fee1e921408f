/** What a push must leave as it is, or bring along. */
import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { DOCKER_MANIFEST } from '../../src/image/media-types.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { thrownBy } from '../support/thrown.ts';
import { memoryDestination, memorySource, type Journal } from './memory-image.ts';
import { pushOne } from './run-push.ts';
import { AMD64, ARM, blobsIn, imageOf, listOf, sourceOf } from './wished-images.ts';

describe('an expected digest', () => {
  const wrong = digestOf(Buffer.from('wrong'));

  test('is no hindrance to what has it', async () => {
    const image = await imageOf();
    const { digest: expectDigest } = image.manifest.descriptor;
    const destination = memoryDestination();
    await pushOne(sourceOf(image), destination, { options: { expectDigest } });
    expect(destination.current).toBe(expectDigest);
  });

  test.each([
    ['none', ['open', 'current', 'begin', 'close']],
    ['gzip', ['open', 'close']], // known beforehand
  ] as const)('keeps another image from being written (%s)', async (compression, steps) => {
    const journal: Journal = [];
    const destination = memoryDestination({ journal });
    const options = { expectDigest: wrong };
    const pushing = pushOne(sourceOf(await imageOf(compression)), destination, { options });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'usage' });
    expect(journal).toEqual(steps);
    expect(destination.manifests.size).toBe(0);
  });
});

describe('preserved digests', () => {
  test('leave all as it is', async () => {
    const image = await imageOf('none');
    const destination = memoryDestination();
    await pushOne(sourceOf(image), destination, { options: { preserveDigests: true } });
    expect(destination.current).toBe(image.manifest.descriptor.digest);
  });

  test.each([
    [{ format: 'v2s2' }, 'converting the manifest'],
    [{ annotations: { a: 'b' } }, 'adding annotations'],
    [{ compression: { ...NO_COMPRESSION_WISH, everywhere: true } }, 'compressing layers as gzip'],
  ] as const)('are at odds with %j', async (wish, what) => {
    const journal: Journal = [];
    const options = { preserveDigests: true, ...wish };
    const source = sourceOf(await imageOf('none'));
    const pushing = pushOne(source, memoryDestination({ journal }), { options });
    const error = await thrownBy(pushing);
    expect(error).toMatchObject({ code: 'UNSUPPORTED', hint: 'leave out --preserve-digests' });
    expect(error.message).toBe(
      what === 'converting the manifest'
        ? `${what} to ${DOCKER_MANIFEST} would change the manifest, which we cannot do: Instructed to preserve digests`
        : `${what} would change the manifest, which we cannot do: Instructed to preserve digests`,
    );
    expect(journal).toEqual(['open', 'close']);
  });

  test.each([
    [{ platforms: [AMD64, ARM] }, 'leaving out instances'],
    [{ annotations: { a: 'b' } }, 'adding annotations'],
    [{ addCompression: ['gzip'] }, 'adding instances'],
  ] as const)('of a list are at odds with %j', async (wish, what) => {
    const options = { preserveDigests: true, ...wish };
    const pushing = pushOne(memorySource(blobsIn(await listOf())), memoryDestination(), {
      options,
    });
    const error = await thrownBy(pushing);
    expect(error.message).toContain(`${what} would change the manifest`);
  });
});

describe('tags', () => {
  test.each([false, true])('stand for the same image (there already: %s)', async (isThere) => {
    const image = await imageOf();
    const tags = new Map<string, Digest>();
    const destination = memoryDestination({ tags });
    if (isThere) await pushOne(sourceOf(image), destination);
    await pushOne(sourceOf(image), destination, { options: { tags: ['a', 'b'] } });
    const { digest } = image.manifest.descriptor;
    expect([...tags]).toEqual([
      ['a', digest],
      ['b', digest],
    ]);
  });

  test('are refused in time where there is no place for them', async () => {
    const source = sourceOf(await imageOf());
    const pushing = pushOne(source, memoryDestination(), { options: { tags: ['a'] } });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'UNSUPPORTED', origin: 'usage' });
    expect([...source.reads.values()]).toEqual([]);
  });
});

describe('signatures', () => {
  const isTop = (instance: Digest | undefined): boolean => instance === undefined;

  test('come along, with the manifest that they sign', async () => {
    const image = await imageOf('none');
    const signatures = new Map<string, readonly string[]>();
    const destination = memoryDestination({ signatures });
    const { events, result } = await pushOne(sourceOf(image, { signed: isTop }), destination);
    const size = 'signature of undefined'.length;
    expect(result.signatures).toEqual([{ digest: result.digest, format: 'simple-signing', size }]);
    expect(destination.current).toBe(image.manifest.descriptor.digest);
    expect([...signatures]).toEqual([['image', ['signature of undefined']]]);
    expect(events.at(-1)).toEqual({ kind: 'storing-signatures' });
  });

  test('of a list and of its instances, too', async () => {
    const list = await listOf();
    const signatures = new Map<string, readonly string[]>();
    const destination = memoryDestination({ signatures });
    const source = memorySource(blobsIn(list), { signed: () => true });
    await pushOne(source, destination);
    expect(destination.current).toBe(list.index.descriptor.digest);
    const digests = list.images.map(({ manifest }) => manifest.descriptor.digest);
    expect([...signatures.keys()]).toEqual([...digests, 'image']);
  });

  test('are stored again with an image that is there already', async () => {
    const image = await imageOf();
    const signatures = new Map<string, readonly string[]>();
    const destination = memoryDestination({ signatures });
    await pushOne(sourceOf(image), destination);
    await pushOne(sourceOf(image, { signed: isTop }), destination);
    expect(signatures.size).toBe(1);
  });

  test('of an instance are stored again with a list that is there already', async () => {
    const list = await listOf();
    const signed = list.images[1]?.manifest.descriptor.digest;
    const signatures = new Map<string, readonly string[]>();
    const destination = memoryDestination({ signatures });
    await pushOne(memorySource(blobsIn(list)), destination);
    const source = memorySource(blobsIn(list), { signed: (instance) => instance === signed });
    await pushOne(source, destination);
    expect([...signatures.keys()]).toEqual([signed]);
  });

  test('forbid what would make them void', async () => {
    const source = sourceOf(await imageOf(), { signed: isTop });
    const destination = memoryDestination({ signatures: new Map() });
    const pushing = pushOne(source, destination, { options: { format: 'v2s2' } });
    expect(await thrownBy(pushing)).toMatchObject({
      code: 'UNSUPPORTED',
      hint: 'push without the signatures: --remove-signatures',
    });
  });
});

test('zstd in Docker’s format is refused, also where the source has it already', async () => {
  const compression = { ...NO_COMPRESSION_WISH, format: 'zstd' } as const;
  const first = memoryDestination();
  const { result } = await pushOne(sourceOf(await imageOf()), first, { options: { compression } });
  const manifest = first.manifests.get(result.digest);
  const blobs = [...first.blobs].map(([digest, bytes]) => ({
    bytes,
    descriptor: { mediaType: '', digest, size: bytes.length },
  }));
  const { digest, size, mediaType } = result;
  const top = {
    bytes: manifest?.bytes ?? new Uint8Array(),
    descriptor: { mediaType, digest, size },
  };
  const journal: Journal = [];
  const options = { compression, format: 'v2s2' } as const;
  const pushing = pushOne(memorySource([top, ...blobs]), memoryDestination({ journal }), {
    options,
  });
  const error = await thrownBy(pushing);
  expect(error).toMatchObject({ code: 'UNSUPPORTED', origin: 'usage' });
  expect(error.message).toContain(
    `compression using zstd required together with format ${DOCKER_MANIFEST}, which does not support it`,
  );
  expect(journal).toEqual(['open', 'close']);
});
