import { describe, expect, test } from 'vitest';
import { checkZstdLevel, zstdEffort } from '../../src/transforms/zstd-effort.ts';
import { zstdBinding } from '../../src/transforms/zstd-library.ts';

describe('zstdEffort', () => {
  test.each([
    [undefined, 3],
    [-100, 1],
    [0, 1],
    [2, 1],
    [3, 3],
    [5, 3],
    [6, 5],
    [9, 5],
    [10, 9],
    [22, 9],
    [100, 9],
  ])('level %s is level %i of libzstd', (level, libraryLevel) => {
    expect(zstdEffort(level).parameters).toContainEqual([100, libraryLevel]);
  });
});

describe('checkZstdLevel', () => {
  const { minCLevel, maxCLevel } = zstdBinding();

  test.each([[undefined], [minCLevel()], [-7], [0], [1], [maxCLevel()]])('takes %s', (level) => {
    expect(() => checkZstdLevel(level)).not.toThrow();
  });

  test.each([[minCLevel() - 1], [maxCLevel() + 1], [40], [1.5], [NaN], [Infinity]])(
    'refuses %s',
    (level) => {
      expect(() => checkZstdLevel(level)).toThrow(
        expect.objectContaining({
          code: 'USAGE',
          origin: 'usage',
          message: `zstd: invalid compression level: ${level}`,
          hint: expect.stringContaining('22'),
        }),
      );
    },
  );
});
