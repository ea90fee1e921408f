import { describe, expect, test } from 'vitest';
import { checkZstdLevel, zstdEffort } from '../../src/transforms/zstd-effort.ts';

describe('zstdEffort', () => {
  test.each([
    [undefined, 3],
    [-100, 2],
    [0, 2],
    [2, 2],
    [3, 3],
    [5, 3],
    [6, 6],
    [9, 6],
    [10, 10],
    [22, 10],
    [100, 10],
  ])('level %s is level %i of libzstd', (level, libraryLevel) => {
    expect(zstdEffort(level).parameters).toContainEqual([100, libraryLevel]);
  });
});

describe('checkZstdLevel', () => {
  test.each([[undefined], [-7], [0], [1], [22], [100]])('takes %s', (level) => {
    expect(() => checkZstdLevel(level)).not.toThrow();
  });

  test.each([[1.5], [NaN], [Infinity]])('refuses %s', (level) => {
    expect(() => checkZstdLevel(level)).toThrow(
      expect.objectContaining({ code: 'USAGE', origin: 'usage' }),
    );
  });
});
