/** `--force-compression=false`: what the destination has in another form is made do with. */
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { CompressionWish, PushOptions } from '../../src/push/options.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { memoryDestination } from './memory-image.ts';
import { memoryCache, pushAll, pushOne } from './run-push.ts';
import { imageOf, sourceOf } from './wished-images.ts';

const OCI = 'application/vnd.oci.image.layer.v1.tar';
const DOCKER = 'application/vnd.docker.image.rootfs.diff.tar';

interface Settings {
  readonly from: readonly [compression: 'none' | 'gzip', format: 'oci' | 'docker'];
  /** In which form the destination has the layer, from an earlier push. */
  readonly has: CompressionWish['format'];
  readonly wish: Partial<CompressionWish>;
  readonly format?: PushOptions['format'];
}

/** Pushes an image twice; tells what the second one wrote, and whether it stored a layer. */
async function secondPush({ from, has, wish, format }: Settings) {
  const image = await imageOf(...from);
  const cache = memoryCache();
  const destination = memoryDestination();
  const earlier = { ...NO_COMPRESSION_WISH, format: has };
  await pushOne(sourceOf(image), destination, { cache, options: { compression: earlier } });
  const before = new Set(destination.blobs.keys());
  const { result } = await pushOne(sourceOf(image), destination, {
    cache,
    options: { compression: { ...NO_COMPRESSION_WISH, anyVariant: true, ...wish }, format },
  });
  const written = destination.manifests.get(result.digest);
  const { layers } = parseImageManifest(written?.bytes ?? Buffer.of(), result.mediaType);
  for (const layer of layers) expect(destination.blobs.get(layer.digest)).toHaveLength(layer.size);
  const [report] = result.blobs;
  expect(report?.stored).toMatchObject({ digest: layers[0]?.digest, size: layers[0]?.size });
  return {
    manifest: result.mediaType,
    layer: layers[0]?.mediaType,
    isNew: layers.some(({ digest }) => !before.has(digest)),
  };
}

describe('a layer that is there', () => {
  test.each<[what: string, Settings, manifest: string, layer: string]>([
    [
      'as gzip does for zstd',
      { from: ['none', 'oci'], has: 'gzip', wish: { format: 'zstd' } },
      OCI_MANIFEST,
      `${OCI}+gzip`,
    ],
    [
      'as it is at the source does for zstd',
      { from: ['gzip', 'oci'], has: undefined, wish: { format: 'zstd' } },
      OCI_MANIFEST,
      `${OCI}+gzip`,
    ],
    [
      'as gzip does for zstd, in OCI, for that was asked for (as in the reference)',
      { from: ['none', 'docker'], has: 'gzip', wish: { format: 'zstd' } },
      OCI_MANIFEST,
      `${OCI}+gzip`,
    ],
    [
      'as zstd does for gzip in OCI',
      { from: ['none', 'oci'], has: 'zstd', wish: { format: 'gzip' }, format: 'oci' },
      OCI_MANIFEST,
      `${OCI}+zstd`,
    ],
    [
      'as zstd does where nothing was asked for, in OCI',
      { from: ['none', 'docker'], has: 'zstd', wish: {}, format: 'oci' },
      OCI_MANIFEST,
      `${OCI}+zstd`,
    ],
    [
      'as gzip of another level does',
      { from: ['none', 'docker'], has: 'gzip', wish: { format: 'gzip', level: 1 } },
      DOCKER_MANIFEST,
      `${DOCKER}.gzip`,
    ],
  ])('%s', async (_, settings, manifest, layer) => {
    expect(await secondPush(settings)).toEqual({ manifest, layer, isNew: false });
  });

  test.each<[what: string, Settings, layer: string]>([
    [
      'as zstd does not do where the format may become Docker’s',
      { from: ['none', 'oci'], has: 'zstd', wish: { format: 'gzip' } },
      `${OCI}+gzip`,
    ],
    [
      'as zstd does not do in Docker’s format',
      { from: ['none', 'oci'], has: 'zstd', wish: {}, format: 'v2s2' },
      `${DOCKER}.gzip`,
    ],
    [
      'as gzip does not do for zstd that is forced',
      { from: ['none', 'oci'], has: 'gzip', wish: { format: 'zstd', anyVariant: false } },
      `${OCI}+zstd`,
    ],
    [
      'as it is at the source does not do for zstd that is forced',
      { from: ['gzip', 'oci'], has: undefined, wish: { format: 'zstd', anyVariant: false } },
      `${OCI}+zstd`,
    ],
  ])('%s', async (_, settings, layer) => {
    expect(await secondPush(settings)).toMatchObject({ layer, isNew: true });
  });
});

// The reference takes it for good, and leaves the image uncompressed.
test.each([true, false])('a layer that is there plain is compressed (%s)', async (anyVariant) => {
  const image = await imageOf('none');
  const destination = memoryDestination();
  const plain = { ...NO_COMPRESSION_WISH, keepPlain: true };
  const first = await pushOne(sourceOf(image), destination, { options: { compression: plain } });
  expect(first.result.digest).toBe(image.manifest.descriptor.digest);
  const compression = { ...NO_COMPRESSION_WISH, anyVariant };
  const { result } = await pushOne(sourceOf(image), destination, { options: { compression } });
  const { bytes } = destination.manifests.get(result.digest) ?? { bytes: Buffer.of() };
  const { layers } = parseImageManifest(bytes, result.mediaType);
  expect(layers.map(({ mediaType }) => mediaType)).toEqual([`${OCI}+gzip`]);
});

describe('which form it will be', () => {
  const wish = { ...NO_COMPRESSION_WISH, format: 'zstd', anyVariant: true } as const;

  /** An image that is known in two forms, and a destination that has it in one of them. */
  async function inTwoForms(has: 'gzip' | 'zstd') {
    const image = await imageOf('none');
    const cache = memoryCache();
    const digests: Partial<Record<'gzip' | 'zstd', Digest>> = {};
    const destination = memoryDestination();
    for (const format of ['gzip', 'zstd'] as const) {
      const compression = { ...NO_COMPRESSION_WISH, format };
      const place = format === has ? destination : memoryDestination();
      const { result } = await pushOne(sourceOf(image), place, { cache, options: { compression } });
      digests[format] = result.digest;
    }
    return { image, cache, destination, digests };
  }

  test.each(['gzip', 'zstd'] as const)('is not told before it is known (%s)', async (has) => {
    const { image, cache, destination, digests } = await inTwoForms(has);
    const options = { compression: wish, dryRun: true };
    const { outcomes } = await pushAll(sourceOf(image), [destination], { cache, options });
    expect(outcomes).toMatchObject([
      { value: { digest: undefined, blobs: [{ how: 'exists', stored: undefined }, {}] } },
    ]);
    const { result } = await pushOne(sourceOf(image), destination, {
      cache,
      options: { compression: wish, expectDigest: digests[has] },
    });
    expect(result.digest).toBe(digests[has]);
  });

  test('is the one that is made where the source’s is not there', async () => {
    const image = await imageOf('gzip');
    const options = { compression: wish, dryRun: true };
    const { outcomes } = await pushAll(sourceOf(image), [memoryDestination()], { options });
    expect(outcomes).toMatchObject([
      { value: { digest: undefined, blobs: [{ how: 'uploaded', stored: undefined }, {}] } },
    ]);
  });
});

describe('what is remembered of a layer', () => {
  const annotations = { 'io.github.containers.zstd-chunked.manifest-checksum': 'wrong' };

  test('gives way to what was just made of it', async () => {
    const image = await imageOf('none');
    const first = memoryDestination();
    const cache = memoryCache();
    await pushOne(sourceOf(image), first, { cache });
    const lying: typeof cache = {
      ...cache,
      recoded: (source, codec) => {
        const known = cache.recoded(source, codec);
        return known && { ...known, annotations };
      },
    };
    const second = memoryDestination();
    const { result } = await pushOne(sourceOf(image), second, { cache: lying });
    expect(second.current).toBe(first.current);
    expect(result.blobs.map(({ how }) => how)).toEqual(['uploaded', 'uploaded']);
  });
});
