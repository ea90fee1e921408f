import { expect, test } from 'vitest';
import { isPathLike } from '../../src/io/path-like.ts';

test.each([
  ['/image', true],
  ['./image', true],
  ['../image', true],
  ['.../image', false],
  ['image', false],
  ['image/./x', false],
  ['.image', false],
  ['-', false],
  ['', false],
])('isPathLike(%j) is %j', (text, expected) => {
  expect(isPathLike(text)).toBe(expected);
});
