import { execFileSync } from 'node:child_process';
import { constants, crc32, gunzipSync, inflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MIB } from '../../src/io/bytes.ts';
import { createLimiter, type Limiter } from '../../src/io/limiter.ts';
import { checkGzipLevel, gzip, gzipCodec } from '../../src/transforms/gzip.ts';
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
  readonly blocks?: Limiter;
}

function compress(bytes: Uint8Array, options: Options = {}): Promise<Buffer> {
  const { level, sizes = [], blocks = createLimiter(2) } = options;
  return bytesOf(gzip(reusing(bytes, sizes), { level, blocks }));
}

describe('gzip', () => {
  test.each([
    [-2, '00'],
    [-1, '00'],
    [undefined, '00'],
    [0, '00'],
    [1, '04'],
    [5, '00'],
    [9, '02'],
  ])('level %s: of nothing, it is header and trailer', async (level, extraFlags) => {
    const compressed = await compress(Buffer.alloc(0), level === undefined ? {} : { level });
    expect(compressed.toString('hex')).toBe(`1f8b080000000000${extraFlags}ff03000000000000000000`);
  });

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

  test('gives the same bytes however the input is cut, whoever finishes first', async () => {
    const whole = await compress(CONTENT);
    const sizes = fc.array(fc.integer({ min: 0, max: CONTENT.length }), { maxLength: 5 });
    const limits = fc.integer({ min: 1, max: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, limits, async (cut, limit) => {
        const compressed = await compress(CONTENT, { sizes: cut, blocks: createLimiter(limit) });
        expect(compressed.equals(whole)).toBe(true);
      }),
      { numRuns: 10 },
    );
    const lastFirst = await compress(CONTENT, { blocks: delayedInReverse(4) });
    expect(lastFirst.equals(whole)).toBe(true);
  });

  test('refers across the blocks', async () => {
    const repeated = noise(16 * 1024);
    const content = Buffer.concat([noise(MIB - repeated.length, 'other'), repeated, repeated]);
    const [alone, together] = [await compress(noise(MIB)), await compress(content)];
    expect(together.length - alone.length).toBeLessThan(repeated.length / 10);
  });

  test('keeps the end of a block for the next one, however late its turn comes', async () => {
    const first = noise(MIB);
    const content = Buffer.concat([first, first.subarray(-16 * 1024), noise(4 * MIB, 'other')]);
    const { blocks, firstDone } = holdingBack(5);
    async function* input(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, MIB);
      await firstDone;
      yield content.subarray(MIB);
    }
    const compressed = await bytesOf(gzip(input(), { blocks }));
    expect(compressed.equals(await compress(content))).toBe(true);
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

  test('takes no more input than it has room for', async () => {
    const blocks = Array<Uint8Array>(20).fill(Buffer.alloc(MIB));
    const { stream, taken, released } = watched(blocks);
    const compressed = gzip(stream, { blocks: createLimiter(2) })[Symbol.asyncIterator]();
    await compressed.next(); // the header
    await compressed.next();
    expect(taken()).toBeLessThan(8);
    await compressed.return?.();
    expect(released()).toBe(true);
  });

  test('fails as the input does', async () => {
    const failure = new Error('broken');
    const { stream } = watched([CONTENT], failure);
    await expect(bytesOf(gzip(stream, { blocks: createLimiter(2) }))).rejects.toBe(failure);
  });

  test('fails as a block does, though others have failed before', async () => {
    const failure = new Error('no memory');
    const { stream, released } = watched(Array<Uint8Array>(9).fill(Buffer.alloc(MIB)));
    const blocks: Limiter = () => Promise.reject(failure);
    await expect(bytesOf(gzip(stream, { blocks }))).rejects.toBe(failure);
    expect(released()).toBe(true);
  });

  test('can be left before it begins', async () => {
    const { stream, taken } = watched([CONTENT]);
    await firstOf(gzip(stream, { blocks: createLimiter(1) }));
    expect(taken()).toBe(0);
  });
});

/** Holds the results of each so many blocks back until the last of them is there. */
function delayedInReverse(count: number): Limiter {
  const finished: (() => void)[] = [];
  return async (task) => {
    const result = await task();
    await new Promise<void>((resolve) => {
      finished.push(resolve);
      if (finished.length < count) return;
      for (const finish of finished.splice(0).toReversed()) finish();
    });
    return result;
  };
}

/** Runs the first block at once, and the others when so many are there. */
function holdingBack(count: number): { blocks: Limiter; firstDone: Promise<void> } {
  const waiting: (() => void)[] = [];
  let begun = 0;
  let finishFirst = (): void => undefined;
  const firstDone = new Promise<void>((resolve) => {
    finishFirst = () => setImmediate(resolve);
  });
  const blocks: Limiter = async (task) => {
    begun += 1;
    if (begun === 1) return task().finally(finishFirst);
    if (begun >= count) for (const run of waiting.splice(0)) run();
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return task();
  };
  return { blocks, firstDone };
}

describe('checkGzipLevel', () => {
  test.each<[number | undefined]>([[undefined], ...LEVELS.map((level): [number] => [level])])(
    'takes %s',
    (level) => {
      expect(() => checkGzipLevel(level)).not.toThrow();
    },
  );

  test.each([[-3], [10], [1.5], [NaN], [Infinity]])('refuses %s', (level) => {
    expect(() => checkGzipLevel(level)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('gzipCodec', () => {
  test('is the same for levels that give the same bytes', () => {
    expect(gzipCodec(undefined)).toBe(gzipCodec(-1));
    expect(gzipCodec(undefined)).toBe(gzipCodec(5));
    expect(gzipCodec(undefined)).toContain(process.versions.zlib);
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
