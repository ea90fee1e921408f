import { describe, expect, test } from 'vitest';
import { createRateLimit, limited, TokenBucket } from '../../src/io/rate-limit.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, reusing } from '../support/streams.ts';

describe('TokenBucket', () => {
  test.each<
    readonly [what: string, takes: readonly (readonly [count: number, at: number, wait: number])[]]
  >([
    [
      'a burst of a quarter of a second is free',
      [
        [250, 0, 0],
        [100, 0, 100],
      ],
    ],
    [
      'what was taken is waited for',
      [
        [1250, 0, 1000],
        [0, 0, 1000],
        [500, 0, 1500],
      ],
    ],
    [
      'time pays it back',
      [
        [1250, 0, 1000],
        [0, 600, 400],
        [0, 1000, 0],
      ],
    ],
    [
      'rest is not saved up',
      [
        [250, 0, 0],
        [350, 3_600_000, 100],
      ],
    ],
    [
      'a clock that goes back gives nothing',
      [
        [250, 1000, 0],
        [100, 0, 100],
      ],
    ],
  ])('%s', (_, takes) => {
    const bucket = new TokenBucket(1000, 0);
    for (const [count, at, wait] of takes) expect(bucket.take(count, at)).toBeCloseTo(wait);
  });
});

describe('createRateLimit', () => {
  test.each([
    [1, 1024],
    [100_000, 25_000],
    [2 ** 30, 256 * 1024],
  ])('of %i bytes a second is asked for pieces of %i', (rate, piece) => {
    expect(createRateLimit(rate, fakeClock()).piece).toBe(piece);
  });

  test('is one for all that ask', async () => {
    const clock = fakeClock();
    const limit = createRateLimit(1000, clock);
    const { signal } = new AbortController();
    await Promise.all([limit.wait(250, signal), limit.wait(500, signal)]);
    expect(clock.sleeps).toEqual([500]);
    await limit.wait(1000, signal);
    expect(clock.sleeps).toEqual([500, 1000]);
  });

  test('ends when it is aborted', async () => {
    const limit = createRateLimit(10, fakeClock());
    const reason = new TypeError('enough');
    await expect(limit.wait(1000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('limited', () => {
  test('hands all bytes on in pieces, each when it may go', async () => {
    const clock = fakeClock();
    const bytes = noise(10_000);
    const { signal } = new AbortController();
    const limit = createRateLimit(4096, clock);
    expect(await bytesOf(limited(reusing(bytes, [3000, 0]), limit, signal))).toEqual(
      Buffer.from(bytes),
    );
    const waited = clock.sleeps.reduce((sum, sleep) => sum + sleep, 0);
    expect(waited).toBeCloseTo(((10_000 - 1024) / 4096) * 1000);
    expect(Math.max(...clock.sleeps)).toBeLessThanOrEqual(250);
  });
});
