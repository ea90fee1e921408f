import { expect, test } from 'vitest';
import { checkLevel } from '../../src/transforms/levels.ts';

test.each([
  ['gzip', 9],
  ['zstd', 22],
  ['zstd:chunked', 22],
] as const)('%s has levels up to %i', (format, highest) => {
  expect(() => checkLevel(format, highest)).not.toThrow();
  expect(() => checkLevel(format, undefined)).not.toThrow();
  expect(() => checkLevel(format, highest + 1)).toThrow(
    expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining(`${highest}`) }),
  );
});
