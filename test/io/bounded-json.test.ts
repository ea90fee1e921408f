import { describe, expect, test } from 'vitest';
import { isJsonObject, parseJson, parseJsonObject } from '../../src/io/bounded-json.ts';

const INVALID = expect.objectContaining({
  code: 'JSON_INVALID',
  message: expect.stringMatching(/^parsing the thing: ./),
});

const MEBIBYTE_OF_BRACKETS = '['.repeat(2 ** 20);

describe('parseJson', () => {
  test.each([['{"a":[1,"ü",null]}'], ['[]'], [' "x" '], ['null'], ['0']])('%s', (text) => {
    expect(parseJson(Buffer.from(text), 'the thing')).toEqual(JSON.parse(text));
  });

  test.each([
    [''],
    ['{'],
    ['{} {}'],
    ["{'a':1}"],
    ['NaN'],
    ['\ufeff{}'],
    [Uint8Array.of(0x22, 0xff, 0x22)], // no UTF-8
    [Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)], // half of a surrogate pair
    [Uint8Array.of(0x22, 0xc0, 0xaf, 0x22)], // an overlong slash
  ])('refuses %j', (input) => {
    expect(() => parseJson(Buffer.from(input as string), 'the thing')).toThrow(INVALID);
  });

  test('refuses endless nesting', () => {
    expect(() => parseJson(Buffer.from(MEBIBYTE_OF_BRACKETS), 'the thing')).toThrow(INVALID);
  });
});

describe('parseJsonObject', () => {
  test('takes an object', () => {
    expect(parseJsonObject(Buffer.from('{"__proto__":1}'), 'the thing')).toHaveProperty(
      '__proto__',
      1,
    );
  });

  test.each([['[]'], ['null'], ['"{}"'], ['1'], ['true'], ['x']])('refuses %s', (text) => {
    expect(() => parseJsonObject(Buffer.from(text), 'the thing')).toThrow(INVALID);
  });
});

test.each([
  [{}, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  [undefined, false],
  ['', false],
])('isJsonObject %j: %s', (value, expected) => {
  expect(isJsonObject(value)).toBe(expected);
});
