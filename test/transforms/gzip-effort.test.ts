import { describe, expect, test } from 'vitest';
import { checkGzipLevel, gzipEffort } from '../../src/transforms/gzip-effort.ts';

const LEVELS = [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

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

describe('gzipEffort', () => {
  test('is 5 where no level is told', () => {
    expect(gzipEffort()).toBe(gzipEffort(5));
    expect(gzipEffort(-1)).toBe(gzipEffort(5));
  });

  test('searches longer with each level', () => {
    const depths = [-2, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => {
      const effort = gzipEffort(level);
      return effort === 'stored' ? NaN : effort.depth;
    });
    expect(depths).toEqual(depths.toSorted((a, b) => a - b));
    expect(gzipEffort(0)).toBe('stored');
  });
});
