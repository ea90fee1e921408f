import { expect, test } from 'vitest';
import { parseSize } from '../../src/cli/byte-size.ts';

test.each([
  ['1', 1],
  ['1048576', 1_048_576],
  ['5b', 5],
  ['1k', 1024],
  ['1K', 1024],
  ['1kB', 1000],
  ['1KiB', 1024],
  ['1.5m', 1_572_864],
  ['2MB', 2_000_000],
  ['5MiB', 5_242_880],
  ['3 GiB', 3_221_225_472],
  ['1gb', 1_000_000_000],
])('%s is %i', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([
  '',
  '0',
  '0.5',
  '-1',
  'MiB',
  '1e3',
  '1 TiB',
  '1  k',
  '1k ',
  '0x10',
  '9999999999g',
  '1.',
  'toString',
])('%j is none', (text) => {
  expect(() => parseSize(text)).toThrow('invalid size');
});
