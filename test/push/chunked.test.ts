/** Layers as zstd:chunked, and those that cannot be. */
import { describe, expect, test } from 'vitest';
import { CHUNKED_ANNOTATION } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { encodeImageManifest, parseImageManifest } from '../../src/image/manifest.ts';
import { OCI_MANIFEST, type CompressionFormat } from '../../src/image/media-types.ts';
import { unzstd } from '../../src/transforms/unzstd.ts';
import { blobOf, blobsOf, makeImage, makeLayer, noise } from '../support/make-image.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { bytesOf, reusing } from '../support/streams.ts';
import { memoryDestination, memorySource, type MemorySource } from './memory-image.ts';
import { memoryCache, pushOne } from './run-push.ts';

const options = { compression: { ...NO_COMPRESSION_WISH, format: 'zstd:chunked' } } as const;

test('a layer that the format cannot carry becomes plain zstd, and is known the next time', async () => {
  // What has no end of an archive, not even a beginning, is no tar to chunk.
  const contents = [await makeLayer({ a: noise(5000) }), new Uint8Array()];
  const image = makeImage({ layers: contents });
  const source = memorySource(blobsOf(image).toReversed());
  const destination = memoryDestination();
  const cache = memoryCache();
  const { result, events } = await pushOne(source, destination, { options, cache });
  const { bytes, mediaType } = destination.manifests.get(result.digest) ?? {
    bytes: new Uint8Array(),
    mediaType: '',
  };
  const { layers } = parseImageManifest(bytes, mediaType);
  expect(layers.map((layer) => layer.mediaType.split('.').at(-1))).toEqual([
    'tar+zstd',
    'tar+zstd',
  ]);
  expect(layers.map(({ annotations = {} }) => CHUNKED_ANNOTATION in annotations)).toEqual([
    true,
    false,
  ]);
  for (const [index, { digest }] of layers.entries()) {
    const stored = destination.blobs.get(digest) ?? new Uint8Array();
    expect(await bytesOf(unzstd(reusing(stored)))).toEqual(Buffer.from(contents[index] ?? []));
  }
  expect(events.filter(({ kind }) => kind === 'warning')).toMatchObject([
    { message: expect.stringContaining('becomes plain zstd: zstd:chunked: ') as string },
  ]);
  const again = await pushOne(source, destination, { options, cache });
  expect(again.result).toMatchObject({ status: 'unchanged', digest: result.digest });
});

/** An image whose only layer is zstd:chunked, with its annotations changed. */
async function chunkedImage(
  change: (annotations: Readonly<Record<string, string>>) => Record<string, string>,
) {
  const image = makeImage({ layers: [await makeLayer({ a: noise(5000) })] });
  const destination = memoryDestination();
  const source = memorySource(blobsOf(image).toReversed());
  const { result } = await pushOne(source, destination, { options });
  const manifest = parseImageManifest(
    destination.manifests.get(result.digest)?.bytes ?? Buffer.of(),
    result.mediaType,
  );
  const layers = manifest.layers.map((layer) => ({
    ...layer,
    annotations: change(layer.annotations ?? {}),
  }));
  const top = blobOf(encodeImageManifest({ ...manifest, layers }), result.mediaType);
  const blobs = [...destination.blobs.values()].map((bytes) => blobOf(bytes, ''));
  return { source: memorySource([top, ...blobs]), digest: top.descriptor.digest };
}

async function writtenAs(source: MemorySource, format: CompressionFormat | undefined) {
  const destination = memoryDestination();
  const { result } = await pushOne(source, destination, {
    options: { compression: { ...NO_COMPRESSION_WISH, format } },
  });
  const written = destination.manifests.get(result.digest);
  const { layers } = parseImageManifest(written?.bytes ?? Buffer.of(), result.mediaType);
  return { digest: result.digest, annotations: layers[0]?.annotations ?? {} };
}

test('an annotation makes no zstd of gzip', async () => {
  const { manifest, config, layers } = makeImage({
    layers: [await makeLayer({ a: noise(5000) })],
    compression: 'gzip',
  });
  const parsed = parseImageManifest(manifest.bytes, OCI_MANIFEST);
  const annotated = parsed.layers.map((layer) => ({
    ...layer,
    annotations: { [CHUNKED_ANNOTATION]: layer.digest },
  }));
  const bytes = encodeImageManifest({ ...parsed, layers: annotated });
  const source = memorySource([blobOf(bytes, OCI_MANIFEST), config, ...layers]);
  const { digest, annotations } = await writtenAs(source, 'zstd');
  expect([digest === digestOf(bytes), annotations]).toEqual([false, {}]);
  expect((await writtenAs(source, 'gzip')).digest).toBe(digestOf(bytes));
});

const STARGZ = { 'containerd.io/snapshot/stargz/toc.digest': `sha256:${'0'.repeat(64)}` };

describe('a layer that is chunked', () => {
  // The reference refuses those with both, and takes the one of eStargz for chunked zstd.
  test.each<
    [
      what: string,
      change: Parameters<typeof chunkedImage>[0],
      stays: readonly (CompressionFormat | undefined)[],
    ]
  >([
    ['stays so', (own) => ({ ...own }), [undefined, 'zstd', 'zstd:chunked']],
    [
      'stays so with another table of contents',
      (own) => ({ ...own, ...STARGZ }),
      [undefined, 'zstd', 'zstd:chunked'],
    ],
    ['stays zstd where its annotations are lost', () => ({}), [undefined, 'zstd']],
    ['stays zstd where others are in their place', () => STARGZ, [undefined, 'zstd']],
  ])('%s', async (_, change, stays) => {
    const { source, digest } = await chunkedImage(change);
    for (const format of [undefined, 'zstd', 'zstd:chunked', 'gzip'] as const) {
      const written = await writtenAs(source, format);
      expect([format, written.digest === digest]).toEqual([format, stays.includes(format)]);
      if (stays.includes(format)) continue;
      expect(Object.keys(written.annotations)).not.toContain(Object.keys(STARGZ)[0]);
      expect(CHUNKED_ANNOTATION in written.annotations).toBe(format === 'zstd:chunked');
    }
  });
});
