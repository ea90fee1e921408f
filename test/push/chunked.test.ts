/** Layers as zstd:chunked, and those that cannot be. */
import { expect, test } from 'vitest';
import { CHUNKED_ANNOTATION } from '../../src/image/descriptor.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { unzstd } from '../../src/transforms/unzstd.ts';
import { blobsOf, makeImage, makeLayer, noise } from '../support/make-image.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { bytesOf, reusing } from '../support/streams.ts';
import { memoryDestination, memorySource } from './memory-image.ts';
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

test('a layer that is chunked already stays so, and zstd is chunked', async () => {
  const image = makeImage({ layers: [await makeLayer({ a: noise(5000) })] });
  const first = memoryDestination();
  const { result } = await pushOne(memorySource(blobsOf(image).toReversed()), first, { options });
  const manifest = first.manifests.get(result.digest);
  const blobs = [...first.blobs].map(([digest, bytes]) => ({
    bytes,
    descriptor: { mediaType: '', digest, size: bytes.length },
  }));
  const top = {
    bytes: manifest?.bytes ?? new Uint8Array(),
    descriptor: { mediaType: result.mediaType, digest: result.digest, size: result.size },
  };
  for (const format of ['zstd', 'zstd:chunked'] as const) {
    const second = memoryDestination();
    await pushOne(memorySource([top, ...blobs]), second, {
      options: { compression: { ...NO_COMPRESSION_WISH, format } },
    });
    expect(second.current).toBe(result.digest);
  }
});
