import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { MIB } from '../../src/io/bytes.ts';
import { decompress } from '../../src/transforms/decompress.ts';
import {
  isChunkedObstacle,
  zstdChunked,
  zstdChunkedCodec,
} from '../../src/transforms/zstd-chunked.ts';
import { makeLayer, noise } from '../support/make-image.ts';
import { bytesOf, firstOf, reusing, watched } from '../support/streams.ts';
import { readLayer, vectorTar } from './zstd-chunked/vector.ts';

describe('zstdChunked', () => {
  test('gives the layer, and then its annotations', async () => {
    const tar = vectorTar();
    const { stream, annotations } = zstdChunked(reusing(tar, [1, 1000]), {});
    expect(annotations).toThrow(TypeError);
    const blob = await bytesOf(stream);
    expect(Object.keys(annotations()).toSorted()).toEqual(
      ['manifest-checksum', 'manifest-position', 'tarsplit-position'].map(
        (name) => `io.github.containers.zstd-chunked.${name}`,
      ),
    );
    expect(readLayer(blob, annotations()).toc.entries).toHaveLength(20);
    expect((await bytesOf(decompress(reusing(blob), 'zstd'))).equals(tar)).toBe(true);
  });

  test.each([[undefined], [-1], [1], [6], [10], [22]])(
    'level %s: the same bytes for layers at once and alone',
    async (level) => {
      const tar = await makeLayer({ a: noise(3 * MIB), b: Buffer.alloc(5 * MIB, 'b'), c: 'c' });
      const take = () => bytesOf(zstdChunked(reusing(tar), { level }).stream);
      const alone = await take();
      const together = await Promise.all([take(), take(), take()]);
      expect(together.every((blob) => blob.equals(alone))).toBe(true);
      expect((await bytesOf(decompress(reusing(alone), 'zstd'))).equals(tar)).toBe(true);
    },
  );

  test('tells what it cannot carry from other failures', async () => {
    const text = watched(Array<Uint8Array>(100).fill(Buffer.alloc(MIB, 'text')));
    const error: unknown = await bytesOf(zstdChunked(text.stream, {}).stream).catch(
      (reason: unknown) => reason,
    );
    expect(isChunkedObstacle(error)).toBe(true);
    expect(text.released()).toBe(true);
    expect(text.taken()).toBeLessThan(20);
    expect(isChunkedObstacle(new OcipushError('UNSUPPORTED', 'something else'))).toBe(false);
    expect(isChunkedObstacle(new Error('something else'))).toBe(false);
  });

  test('fails as the input does', async () => {
    const failure = new Error('broken');
    const { stream } = watched([vectorTar().subarray(0, 2000)], failure);
    await expect(bytesOf(zstdChunked(stream, {}).stream)).rejects.toBe(failure);
  });

  test('releases the input when it is left', async () => {
    const tar = await makeLayer({ a: noise(30 * MIB) });
    const chunks = Array.from({ length: 31 }, (_, index) =>
      tar.subarray(index * MIB, (index + 1) * MIB),
    );
    const { stream, taken, released } = watched(chunks);
    await firstOf(zstdChunked(stream, {}).stream);
    expect(released()).toBe(true);
    expect(taken()).toBeLessThan(20);
  });
});

test('zstdChunkedCodec is the same for levels that give the same bytes', () => {
  expect(zstdChunkedCodec(undefined)).toBe(zstdChunkedCodec(5));
  expect(zstdChunkedCodec(10)).toBe(zstdChunkedCodec(22));
  expect(new Set([1, 3, 6, 10].map(zstdChunkedCodec)).size).toBe(4);
});
