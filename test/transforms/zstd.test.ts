import process from 'node:process';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MIB } from '../../src/io/bytes.ts';
import { decompress } from '../../src/transforms/decompress.ts';
import { zstd, zstdCodec } from '../../src/transforms/zstd.ts';
import { zstdEffort } from '../../src/transforms/zstd-effort.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, firstOf, reusing, watched } from '../support/streams.ts';

/** Some MiB, half of them compressible. */
const CONTENT = Buffer.concat([
  noise(MIB - 5),
  Buffer.from('words that come again '.repeat(200_000)),
  noise(MIB),
]);

/** The magic number, and of the descriptor the flags of a checksum and of a known size (RFC 8878, 3.1.1). */
const MAGIC = '28b52ffd';
const CHECKSUM = 0x04;
const SIZE = 0xe0;

function compress(bytes: Uint8Array, level?: number, sizes: readonly number[] = []) {
  return bytesOf(zstd(reusing(bytes, sizes), { level }));
}

describe('zstd', () => {
  test('of nothing, it is a frame that other tools take for zstd', async () => {
    expect((await compress(Buffer.alloc(0))).toString('hex')).toBe('28b52ffd240001000099e9d851');
  });

  test.each([[undefined], [-7], [0], [1], [3], [6], [10], [22], [100]])(
    'level %s can be read again',
    async (level) => {
      const compressed = await compress(CONTENT, level);
      expect(compressed.length).toBeLessThan(2.2 * MIB);
      expect((await bytesOf(decompress(reusing(compressed), 'zstd'))).equals(CONTENT)).toBe(true);
    },
  );

  test.each([[1], [256 * 1024 - 1], [256 * 1024], [256 * 1024 + 1], [5 * MIB]])(
    '%i bytes, in one frame with a checksum that tells its size',
    async (size) => {
      const content = noise(size);
      const compressed = await compress(content);
      expect(compressed.subarray(0, 4).toString('hex')).toBe(MAGIC);
      expect((compressed[4] ?? 0) & CHECKSUM).not.toBe(0);
      expect((compressed[4] ?? 0) & SIZE).not.toBe(0);
      expect((await bytesOf(decompress(reusing(compressed), 'zstd'))).equals(content)).toBe(true);
    },
  );

  test('gives the same bytes however the input is cut', async () => {
    const whole = await compress(CONTENT);
    const sizes = fc.array(fc.integer({ min: 0, max: CONTENT.length }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, async (cut) => {
        expect((await compress(CONTENT, undefined, cut)).equals(whole)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  test('gives the same bytes when several streams share the cores', async () => {
    const whole = await compress(CONTENT);
    const all = await Promise.all(Array.from({ length: 5 }, () => compress(CONTENT)));
    expect(all.every((compressed) => compressed.equals(whole))).toBe(true);
  });

  test('is frames of equal length, each of which can be read by itself', async () => {
    const { frameSize } = zstdEffort(3);
    const content = Buffer.concat([noise(frameSize), CONTENT]);
    const first = await compress(content.subarray(0, frameSize));
    const compressed = await compress(content);
    expect(compressed.subarray(0, first.length).equals(first)).toBe(true);
    const second = compressed.subarray(first.length);
    expect(second.equals(await compress(CONTENT))).toBe(true);
    expect((await bytesOf(decompress(reusing(compressed), 'zstd'))).equals(content)).toBe(true);
  });

  test('takes no more input than it has room for', async () => {
    const { stream, taken, released } = watched(Array<Uint8Array>(200).fill(noise(MIB)));
    const compressed = zstd(stream, {})[Symbol.asyncIterator]();
    await compressed.next();
    expect(taken()).toBeLessThan(50);
    await compressed.return?.();
    expect(released()).toBe(true);
  });

  test('fails as the input does', async () => {
    const failure = new Error('broken');
    const { stream } = watched([CONTENT], failure);
    await expect(bytesOf(zstd(stream, {}))).rejects.toBe(failure);
  });

  test('can be left before it has given anything', async () => {
    const { stream, released } = watched(Array<Uint8Array>(20).fill(noise(MIB)));
    await firstOf(zstd(stream, {}));
    expect(released()).toBe(true);
    const unused = watched([CONTENT]);
    await zstd(unused.stream, {})[Symbol.asyncIterator]().return?.();
    expect(unused.taken()).toBe(0);
  });
});

describe('zstdCodec', () => {
  test('is the same for levels that give the same bytes, and tells the library', () => {
    expect(zstdCodec(undefined)).toBe(zstdCodec(3));
    expect(zstdCodec(-7)).toBe(zstdCodec(2));
    expect(zstdCodec(10)).toBe(zstdCodec(22));
    expect(zstdCodec(3)).toMatch(/ napi \d+\.\d+\.\d+$/);
    expect(new Set([1, 3, 6, 10].map(zstdCodec)).size).toBe(4);
  });
});

/** Whether this Node brings a libzstd of its own: 22.15 and later do. */
const inNode = process.versions['zstd'] !== undefined;

describe('without zstd-napi', () => {
  afterEach(() => {
    vi.doUnmock('node:module');
    vi.resetModules();
  });

  async function withoutBinding() {
    vi.resetModules();
    vi.doMock('node:module', () => ({
      createRequire: () => () => {
        throw new Error('Cannot find module\nRequire stack:');
      },
    }));
    return import('../../src/transforms/zstd.ts');
  }

  test('the libzstd of Node is used, or it says how to get one', async () => {
    const other = await withoutBinding();
    if (!inNode) {
      await expectMissing(other);
      return;
    }
    expect(other.zstdCodec(3)).toBe(
      zstdCodec(3).replace(/ napi .*/, ` node ${process.versions['zstd']}`),
    );
    const compressed = await bytesOf(other.zstd(reusing(CONTENT), {}));
    expect(compressed.subarray(0, 4).toString('hex')).toBe(MAGIC);
    expect((await bytesOf(decompress(reusing(compressed), 'zstd'))).equals(CONTENT)).toBe(true);
    const empty = await bytesOf(other.zstd(reusing(Buffer.alloc(0)), {}));
    expect(empty.subarray(0, 4).toString('hex')).toBe('28b52ffd');
  });
});

async function expectMissing(other: {
  readonly zstd: typeof zstd;
  readonly zstdCodec: typeof zstdCodec;
}) {
  const missing = expect.objectContaining({
    code: 'UNSUPPORTED',
    message: 'loading libzstd: Cannot find module',
    hint: expect.stringContaining('npm rebuild zstd-napi'),
  });
  expect(() => other.zstdCodec(3)).toThrow(missing);
  const { stream, taken } = watched([CONTENT]);
  await expect(bytesOf(other.zstd(stream, {}))).rejects.toEqual(missing);
  expect(taken()).toBe(0);
}
