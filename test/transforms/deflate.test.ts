import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFLATE_BLOCK, DEFLATE_WINDOW, deflateBound } from '../../src/transforms/deflate.ts';
import { gzipEffort } from '../../src/transforms/gzip-effort.ts';
import { comesBack, content, deflated } from '../support/deflation.ts';
import { noise } from '../support/make-image.ts';

const EFFORTS = [-2, 0, 1, 3, 5, 7, 9].map((level) => gzipEffort(level));

/** 32 letters in no order, and now and then a word that was there before. */
function sentences(firstLetter: string): Buffer {
  const first = firstLetter.charCodeAt(0);
  const letters = Buffer.from(
    Array.from(noise(60_000, firstLetter), (byte) => first + (byte & 31)),
  );
  return Buffer.from(
    letters.toString('latin1').replaceAll(/.{200}/gs, `$&${firstLetter.repeat(9)}`),
  );
}

describe('a block', () => {
  test.each(EFFORTS)('can be read again, with %j', (effort) => {
    fc.assert(
      fc.property(content, content, (before, block) => {
        expect(comesBack(block, { before: before.subarray(-DEFLATE_WINDOW), effort })).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ...Array.from({ length: 20 }, (_, length) => [length]),
    [255],
    [256],
    ...Array.from({ length: 12 }, (_, more) => [258 + more]),
    [516],
    [517],
    [519],
    [65_535],
    [65_536],
    [65_537],
    [DEFLATE_BLOCK],
  ])('of %i bytes, be they all the same, or noise', (length) => {
    for (const effort of EFFORTS) {
      expect(comesBack(Buffer.alloc(length, 'a'), { effort })).toBe(true);
      expect(comesBack(noise(length), { effort })).toBe(true);
    }
  });

  test.each([[1], [DEFLATE_WINDOW - 1], [DEFLATE_WINDOW]])('refers %i bytes back', (distance) => {
    const before = noise(distance).subarray(0, DEFLATE_WINDOW);
    const again = Buffer.concat([before, before]).subarray(0, 32);
    expect(deflated(again, { before }).length).toBeLessThan(20);
    expect(comesBack(again, { before })).toBe(true);
  });

  test('does not refer farther', () => {
    const first = noise(64);
    const block = Buffer.concat([first, Buffer.alloc(DEFLATE_WINDOW - 63), first]);
    expect(comesBack(block)).toBe(true);
    expect(deflated(block).length).toBeGreaterThan(2 * first.length);
  });

  test('is no longer than its bound, whatever it is', () => {
    for (const length of [0, 1, 100, 65_535, 65_536, DEFLATE_BLOCK]) {
      for (const effort of EFFORTS) {
        expect(deflated(noise(length), { effort }).length).toBeLessThanOrEqual(
          deflateBound(length),
        );
      }
    }
  });

  test('becomes the same whatever came before it in the thread', () => {
    const block = Buffer.concat([noise(70_000), Buffer.from('words '.repeat(20_000)), noise(9)]);
    const first = deflated(block);
    for (const other of [noise(DEFLATE_BLOCK), Buffer.alloc(DEFLATE_BLOCK), Buffer.alloc(0)]) {
      deflated(other, { before: noise(DEFLATE_WINDOW) });
      expect(deflated(block).equals(first)).toBe(true);
    }
  });

  test('has codes of its own for parts that differ', () => {
    const block = Buffer.concat([sentences('a'), sentences('A')]);
    // Five bits for a byte of either; one code for both would take six.
    expect(deflated(block).length).toBeLessThan((block.length * 5.2) / 8);
  });

  test.each([
    ['a short text', Buffer.from('to be or not to be'), 1],
    ['a long text', Buffer.from(Array.from(noise(5000), (byte) => 97 + (byte & 15))), 2],
    ['noise', noise(5000), 0],
  ])('takes the form that is shortest: %s', (_, block, form) => {
    expect(((deflated(block)[0] ?? NaN) >> 1) & 3).toBe(form);
  });
});
