/** The encoder writes what Go's encoding/json writes. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeJson,
  omitEmpty,
  RawJson,
  stringMap,
  type Json,
} from '../../src/image/json-encoder.ts';

function text(value: Json): string {
  return Buffer.from(encodeJson(value)).toString();
}

describe('encodeJson', () => {
  test.each<[Json, string]>([
    ['"\\/', String.raw`"\"\\/"`],
    ['\n\r\t\b\f', String.raw`"\n\r\t\b\f"`],
    ['\u0000\u001f\u007f', '"\\u0000\\u001f\u007f"'],
    ['<a>&', String.raw`"\u003ca\u003e\u0026"`],
    ['\u2028\u2029', String.raw`"\u2028\u2029"`],
    ['\\<', String.raw`"\\\u003c"`],
    ['\\ud800', String.raw`"\\ud800"`],
    ['é😀', '"é😀"'],
    ['\ud800x\udc00', '"\ufffdx\ufffd"'],
    [[1, -1, 0, true, null, []], '[1,-1,0,true,null,[]]'],
    [{ b: 1, a: undefined, '<': {} }, String.raw`{"b":1,"\u003c":{}}`],
    [
      new Map<string, Json>([
        ['b', 1],
        ['a', 2],
        ['B', 3],
      ]),
      '{"B":3,"a":2,"b":1}',
    ],
    [
      new Map([
        ['9', ''],
        ['10', ''],
      ]),
      '{"10":"","9":""}',
    ],
    [
      new Map([
        ['\u{1f600}', ''],
        ['\uff5e', ''],
      ]),
      '{"\uff5e":"","\u{1f600}":""}',
    ], // not as UTF-16
    [
      { a: new RawJson(' { "b" : [1e3 , -0] ,"a":"\\u0041 \\/\\" <" } ') },
      '{"a":{"b":[1e3,-0],"a":"\\u0041 \\/\\" \\u003c"}}',
    ],
  ])('%j', (value, json) => {
    expect(text(value)).toBe(json);
  });

  test('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(text(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('raw JSON keeps its value, and its order, in any spacing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\t', '  '), (value, indent) => {
        const json = JSON.stringify(value, undefined, indent);
        expect(JSON.stringify(JSON.parse(text(new RawJson(json))))).toBe(JSON.stringify(value));
      }),
    );
  });
});

test.each<[string | readonly string[] | Map<string, Json> | undefined, unknown]>([
  ['', undefined],
  [undefined, undefined],
  ['x', 'x'],
  [[], undefined],
  [['x'], ['x']],
  [new Map(), undefined],
  [new Map([['a', {}]]), new Map([['a', {}]])],
])('omitEmpty(%j)', (value, kept) => {
  expect(omitEmpty(value)).toEqual(kept);
});

test.each([
  [undefined, undefined],
  [{}, undefined],
  [{ a: 'b' }, new Map([['a', 'b']])],
])('stringMap(%j)', (record, map) => {
  expect(stringMap(record)).toEqual(map);
});
