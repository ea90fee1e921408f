import { describe, expect, test } from 'vitest';
import { Parts } from '../../src/io/parts.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, reusing, watch, watched } from '../support/streams.ts';

/** The sizes of all parts of a stream, and what they come to. */
async function cut(bytes: Uint8Array, pieces: readonly number[], limit: number) {
  const parts = new Parts(reusing(bytes, pieces));
  const taken: Buffer[] = [];
  while (await parts.hasMore()) taken.push(await bytesOf(parts.take(() => limit)));
  return { sizes: taken.map(({ length }) => length), whole: Buffer.concat(taken) };
}

describe('Parts', () => {
  test.each<
    readonly [size: number, pieces: readonly number[], limit: number, sizes: readonly number[]]
  >([
    [10, [], 4, [4, 4, 2]],
    [8, [], 4, [4, 4]],
    [8, [4], 4, [4, 4]],
    [10, [1, 0, 5], 4, [4, 4, 2]],
    [10, [3, 3], Infinity, [10]],
    [3, [1, 1], 1, [1, 1, 1]],
    [0, [], 4, []],
    [0, [0, 0], 4, []],
  ])('%i bytes in pieces of %j, at most %d', async (size, pieces, limit, sizes) => {
    const bytes = noise(size);
    const { sizes: found, whole } = await cut(bytes, pieces, limit);
    expect(found).toEqual(sizes);
    expect(whole).toEqual(Buffer.from(bytes));
  });

  test('a limit that shrinks on the way ends the part', async () => {
    let limit = 100;
    const parts = new Parts(reusing(noise(100), [10, 10, 10]));
    const sizes: number[] = [];
    for await (const chunk of parts.take(() => limit)) {
      sizes.push(chunk.length);
      if (sizes.length === 2) limit = 15;
    }
    expect(sizes).toEqual([10, 10]);
    expect(await bytesOf(parts.take(() => Infinity))).toEqual(Buffer.from(noise(100)).subarray(20));
  });

  test('fails with what the stream fails with', async () => {
    const failure = new TypeError('unreadable');
    const parts = new Parts(watched([Buffer.from('abc')], failure).stream);
    await expect(bytesOf(parts.take(() => Infinity))).rejects.toBe(failure);
  });

  test('ends a stream that is stuck without waiting for it', async () => {
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('abc');
      await new Promise(() => undefined);
    }
    const parts = new Parts(stuck());
    await parts.hasMore();
    const waiting = parts.take(() => Infinity)[Symbol.asyncIterator]();
    await waiting.next();
    void waiting.next();
    expect(parts.end()).toBeUndefined();
  });

  test('releases what is behind it', async () => {
    const source = watch(reusing(noise(100), [10]));
    const parts = new Parts(source.stream);
    await parts.hasMore();
    parts.end();
    await source.whenReleased;
    expect(source.released()).toBe(true);
  });
});
