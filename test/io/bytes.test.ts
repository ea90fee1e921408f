import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clampRange, collect, peek, single, slice } from '../../src/io/bytes.ts';
import { bytesOf, firstOf, reusing, watched } from '../support/streams.ts';

const [A, B, C] = [Buffer.from('aaa'), Buffer.from('bb'), Buffer.from('c')] as const;
const TOO_LARGE = expect.objectContaining({ code: 'LIMIT_EXCEEDED' });

describe('collect', () => {
  test('keeps what the stream overwrites', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.array(fc.nat(9)), async (bytes, sizes) => {
        expect(Buffer.from(await collect(reusing(bytes, sizes), bytes.length, 'it'))).toEqual(
          Buffer.from(bytes),
        );
      }),
    );
  });

  test.each([[6], [7]])('takes 6 bytes where %i are allowed', async (limit) => {
    expect(await collect(watched([A, B, C]).stream, limit, 'it')).toHaveLength(6);
  });

  test.each([[0], [5]])('refuses 6 bytes where %i are allowed', async (limit) => {
    await expect(collect(watched([A, B, C]).stream, limit, 'it')).rejects.toThrow(TOO_LARGE);
  });

  test('takes no more than it must to know that it is too much', async () => {
    const { stream, taken, released } = watched([A, B, C]);
    await expect(collect(stream, 4, 'it')).rejects.toThrow(TOO_LARGE);
    expect([taken(), released()]).toEqual([2, true]);
  });
});

test('single', async () => {
  expect(await bytesOf(single(A))).toEqual(A);
});

describe('peek', () => {
  test('shows the start and leaves the stream whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.nat(9)),
        fc.nat(50),
        async (bytes, sizes, length) => {
          const { start, stream } = await peek(reusing(bytes, sizes), length);
          expect(Buffer.from(start)).toEqual(Buffer.from(bytes.subarray(0, length)));
          expect(await bytesOf(stream)).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  test('takes no more than it needs', async () => {
    const { stream, taken } = watched([A, B, C]);
    await peek(stream, 4);
    expect(taken()).toBe(2);
  });

  test('releases a stream that is left', async () => {
    const { stream, released } = watched([A, B, C]);
    const peeked = await peek(stream, 1);
    expect(await firstOf(peeked.stream)).toEqual(new Uint8Array(A));
    expect(released()).toBe(true);
  });

  test('releases a stream that nobody begins to take', async () => {
    const { stream, released } = watched([A, B, C]);
    const peeked = await peek(stream, 1);
    expect(released()).toBe(false);
    await peeked.stream[Symbol.asyncIterator]().return?.();
    expect(released()).toBe(true);
  });

  test('fails as the stream does', async () => {
    const failure = new Error('broken');
    await expect(peek(watched([A], failure).stream, 4)).rejects.toBe(failure);
    const { stream } = await peek(watched([A], failure).stream, 3);
    await expect(bytesOf(stream)).rejects.toBe(failure);
  });
});

describe('slice', () => {
  test('is that of an array', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.nat(9)),
        fc.nat(50),
        fc.nat(50),
        async (bytes, sizes, start, length) => {
          const range = { start, end: start + length };
          expect(await bytesOf(slice(reusing(bytes, sizes), range))).toEqual(
            Buffer.from(bytes.subarray(range.start, range.end)),
          );
        },
      ),
    );
  });

  test('leaves the stream at the end of the range', async () => {
    const { stream, taken, released } = watched([A, B, C]);
    expect(await bytesOf(slice(stream, { start: 1, end: 5 }))).toEqual(Buffer.from('aabb'));
    expect([taken(), released()]).toEqual([2, true]);
  });
});

test.each([
  [undefined, [0, 10]],
  [{ start: 0, end: 10 }, [0, 10]],
  [{ start: 2, end: 3 }, [2, 3]],
  [{ start: 9, end: 11 }, [9, 10]],
  [{ start: 10, end: 11 }, [10, 10]],
  [{ start: 11, end: 12 }, [10, 10]],
])('clampRange %j', (range, [start, end]) => {
  expect(clampRange(range, 10)).toEqual({ start, end });
});
