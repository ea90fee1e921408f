/** Members are read as Go reads them into a struct, or refused where that would be ambiguous. */
import { describe, expect, test } from 'vitest';
import {
  membersAnyCase,
  readInteger,
  readNameSet,
  readTextMap,
  readTexts,
  readTime,
} from '../../src/image/go-struct.ts';
import type { JsonField } from '../../src/image/json-field.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });

function field(value: unknown): JsonField {
  return { value, document: 'image config', path: '' };
}

describe('membersAnyCase', () => {
  test.each([
    [{ size: 1 }, 1],
    [{ SIZE: 1 }, 1],
    [{ '\u017fize': 1 }, 1], // an S to Go
    [{}, undefined],
  ])('%j', (value, found) => {
    expect(membersAnyCase(field(value))('Size').value).toBe(found);
  });

  test('refuses two spellings only of what is read', () => {
    const member = membersAnyCase(field({ a: 1, A: 2, b: 3 }));
    expect(member('B').value).toBe(3);
    expect(() => member('a')).toThrow(INVALID);
  });
});

test.each<[(field: JsonField) => unknown, unknown, unknown]>([
  [readInteger, -5, -5],
  [readInteger, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  [readTexts, ['a', null], ['a', '']],
  [readTexts, null, []],
  [
    readTextMap,
    { a: null, b: 'c' },
    new Map([
      ['a', ''],
      ['b', 'c'],
    ]),
  ],
  [
    readNameSet,
    { a: null, b: { c: 1 } },
    new Map([
      ['a', {}],
      ['b', {}],
    ]),
  ],
  [readTime, '2023-11-14T22:13:20.1000000009-00:00', '2023-11-14T22:13:20.1Z'],
  [readTime, '2023-11-14T22:13:20+01:30', '2023-11-14T22:13:20+01:30'],
])('%o reads %j', (read, value, result) => {
  expect(read(field(value))).toEqual(result);
});

test.each<[(field: JsonField) => unknown, unknown]>([
  [readInteger, 1.5],
  [readInteger, 2 ** 53],
  [readInteger, '1'],
  [readTexts, [1]],
  [readTextMap, { a: 1 }],
  [readNameSet, { a: 1 }],
  [readNameSet, ['a']],
  [readTime, '2023-02-30T00:00:00Z'],
  [readTime, '2023-11-14T22:13:20'],
  [readTime, 0],
])('%o refuses %j', (read, value) => {
  expect(() => read(field(value))).toThrow(INVALID);
});
