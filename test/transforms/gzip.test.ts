import { execFileSync } from 'node:child_process';
import { constants, crc32, gunzipSync, inflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MIB } from '../../src/io/bytes.ts';
import { gzip, gzipCodec } from '../../src/transforms/gzip.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, firstOf, reusing, watched } from '../support/streams.ts';

const LEVELS = [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Three blocks and a little more, half of it compressible, with matches across the blocks. */
const CONTENT = Buffer.concat([
  noise(MIB - 5),
  Buffer.from('over the edge of a block '.repeat(1000)),
  noise(MIB),
  Buffer.from('text '.repeat(MIB / 4)),
]);

interface Options {
  readonly level?: number;
  readonly sizes?: readonly number[];
}

function compress(bytes: Uint8Array, options: Options = {}): Promise<Buffer> {
  const { level, sizes = [] } = options;
  return bytesOf(gzip(reusing(bytes, sizes), { level }));
}

describe('gzip', () => {
  test.each([
    [-2, '00'],
    [-1, '00'],
    [undefined, '00'],
    [0, '00'],
    [1, '04'],
    [3, '04'],
    [5, '00'],
    [9, '02'],
  ])(
    'level %s: of nothing, it is header, an empty block and trailer',
    async (level, extraFlags) => {
      const compressed = await compress(Buffer.alloc(0), level === undefined ? {} : { level });
      expect(compressed.toString('hex')).toBe(
        `1f8b080000000000${extraFlags}ff000000ffff03000000000000000000`,
      );
    },
  );

  test.each(LEVELS)('level %i can be read again', async (level) => {
    const compressed = await compress(CONTENT, { level });
    expect(gunzipSync(compressed).equals(CONTENT)).toBe(true);
    expect(execFileSync('gzip', ['-dc'], { input: compressed, maxBuffer: 8 * MIB })).toHaveLength(
      CONTENT.length,
    );
  });

  test.each([[1], [MIB - 1], [MIB], [MIB + 1], [2 * MIB], [4 * MIB], [5 * MIB + 1]])(
    '%i bytes',
    async (size) => {
      const content = noise(size);
      const compressed = await compress(content);
      expect(gunzipSync(compressed).equals(content)).toBe(true);
      expect(compressed.subarray(-10, -8)).toEqual(Buffer.of(3, 0));
      expect(compressed.readUInt32LE(compressed.length - 8)).toBe(crc32(content));
      expect(compressed.readUInt32LE(compressed.length - 4)).toBe(size);
    },
  );

  test('gives the same bytes however the input is cut', async () => {
    const whole = await compress(CONTENT);
    const sizes = fc.array(fc.integer({ min: 0, max: CONTENT.length }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, async (cut) => {
        expect((await compress(CONTENT, { sizes: cut })).equals(whole)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  test('gives the same bytes when several streams share the threads', async () => {
    const whole = await compress(CONTENT);
    const all = await Promise.all(Array.from({ length: 5 }, () => compress(CONTENT)));
    expect(all.every((compressed) => compressed.equals(whole))).toBe(true);
  });

  test('refers across the blocks', async () => {
    const repeated = noise(16 * 1024);
    const content = Buffer.concat([noise(MIB - repeated.length, 'other'), repeated, repeated]);
    const [alone, together] = [await compress(noise(MIB)), await compress(content)];
    expect(together.length - alone.length).toBeLessThan(repeated.length / 10);
  });

  test('is one member whose blocks end on byte boundaries', async () => {
    const compressed = await compress(CONTENT);
    const deflated = inflateRawSync(compressed.subarray(10), { finishFlush: constants.Z_FINISH });
    expect(deflated.equals(CONTENT)).toBe(true);
    const flushes = compressed.toString('latin1').split('\u0000\u0000\u00ff\u00ff').length - 1;
    expect(flushes).toBe(Math.ceil(CONTENT.length / MIB));
  });

  test('gets smaller with the level', async () => {
    const words = Array.from(noise(64 * 1024), (byte) => `word-${byte % 61} `);
    const content = Buffer.from(words.join(''));
    const sizes = await Promise.all(
      [0, -2, 1, 6, 9].map(async (level) => (await compress(content, { level })).length),
    );
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(new Set(sizes).size).toBe(sizes.length);
    const usual = await compress(content);
    for (const level of [5, -1]) {
      expect((await compress(content, { level })).equals(usual)).toBe(true);
    }
  });

  test('can be left before it begins', async () => {
    const { stream, taken } = watched([CONTENT]);
    await firstOf(gzip(stream, {}));
    expect(taken()).toBe(0);
  });
});

describe('gzipCodec', () => {
  test('is the same for levels that give the same bytes', () => {
    expect(gzipCodec(undefined)).toBe(gzipCodec(-1));
    expect(gzipCodec(undefined)).toBe(gzipCodec(5));
  });

  test('differs where the bytes differ', async () => {
    const content = CONTENT.subarray(0, 2 * MIB);
    const byCodec = new Map<string, Buffer>();
    for (const level of LEVELS) {
      const compressed = await compress(content, { level });
      const known = byCodec.get(gzipCodec(level)) ?? compressed;
      expect(compressed.equals(known)).toBe(true);
      byCodec.set(gzipCodec(level), compressed);
    }
    expect(byCodec.size).toBeGreaterThan(5);
  });
});
