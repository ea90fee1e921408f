import { expect, test } from 'vitest';
import { NameSet } from '../../../src/transforms/zstd-chunked/name-set.ts';

test('every name is new once', () => {
  const names = new NameSet();
  expect(['', 'a', 'b', 'ab', 'ba', '\u0000', 'é', ''].map((name) => names.add(name))).toEqual([
    ...Array<boolean>(7).fill(true),
    false,
  ]);
});

test('many that differ in little are told apart, and all of them are known', () => {
  const names = new NameSet();
  const many = Array.from(
    { length: 300_000 },
    (_, index) => `usr/lib/node_modules/${index}/index.js`,
  );
  expect(many.filter((name) => !names.add(name))).toEqual([]);
  expect(many.filter((name) => names.add(name))).toEqual([]);
});
