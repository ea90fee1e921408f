/** Typed reading: what is taken, what is refused, and that the place is named. */
import { describe, expect, test } from 'vitest';
import {
  optional,
  readBoolean,
  readDigest,
  readList,
  readMembers,
  readSize,
  readString,
  readStringMap,
  readStrings,
  withoutUndefined,
  type JsonField,
} from '../../src/image/json-field.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

function field(value: unknown): JsonField {
  return { value, document: 'manifest', path: 'a' };
}

describe('typed values', () => {
  test.each<[(field: JsonField) => unknown, unknown[], unknown[]]>([
    [readString, ['', 'x'], [1, null, undefined, {}, ['x']]],
    [readBoolean, [true, false], [1, 'true', null]],
    [readSize, [0, 1, Number.MAX_SAFE_INTEGER], [-1, 1.5, 2 ** 53, '1', null, undefined]],
    [readDigest, [DIGEST], ['', 'sha256:', `md5:${'0'.repeat(32)}`, DIGEST.toUpperCase(), 1]],
    [readStrings, [[], ['a']], ['a', [1], [null], { length: 0 }, undefined]],
    [readStringMap, [{}, { a: 'b' }], [{ a: 1 }, { a: null }, ['a'], 'a', null]],
    [readMembers, [], [null, [], 'x', 1, undefined]],
    [readList, [], [{}, 'x', undefined]],
  ])('%o', (read, taken, refused) => {
    for (const value of taken) expect(read(field(value))).toEqual(value);
    for (const value of refused) {
      expect(() => read(field(value))).toThrow(
        expect.objectContaining({ code: 'MANIFEST_INVALID', origin: undefined }),
      );
    }
  });

  test('the place of a fault is in the message', () => {
    const root = { value: { layers: [{}, { size: -1 }] }, document: 'manifest', path: '' };
    const layer = readList(readMembers(root)('layers'))[1] ?? root;
    expect(() => readSize(readMembers(layer)('size'))).toThrow(
      'parsing manifest: layers[1].size: ',
    );
  });

  test('a name that every object inherits is not there', () => {
    const map = readStringMap(field(JSON.parse('{"__proto__":"x","constructor":"y"}')));
    expect(Object.entries(map)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

test('null is an empty list, as Go writes it', () => {
  expect(readList(field(null))).toEqual([]);
});

test.each([
  [undefined, undefined],
  [null, undefined],
  ['', ''],
])('optional(%j)', (value, read) => {
  expect(optional(field(value), readString)).toBe(read);
});

test('withoutUndefined', () => {
  const found = withoutUndefined<{ a: number; b?: number }>({ a: 0, b: undefined });
  expect(Object.keys(found)).toEqual(['a']);
});
