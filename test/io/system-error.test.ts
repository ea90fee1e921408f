import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isAbsent, systemCode, systemReason } from '../../src/io/system-error.ts';

test.each([
  ['/nowhere/at all, open', 'ENOENT', 'no such file or directory', true],
  ['/dev/null/x', 'ENOTDIR', 'not a directory', true],
  ['/', 'EISDIR', 'illegal operation on a directory', false],
])('%s: %s', async (path, code, reason, absent) => {
  const error: unknown = await readFile(path).catch((thrown: unknown) => thrown);
  expect([systemCode(error), systemReason(error), isAbsent(error)]).toEqual([code, reason, absent]);
});

test('what is no system error has its own words', () => {
  const error = new Error('ENOUGH: of, this');
  expect([systemCode(error), systemReason(error), isAbsent(error)]).toEqual([
    undefined,
    'ENOUGH: of, this',
    false,
  ]);
});
