/** Objects come apart into the text of their members. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rawMembers } from '../../src/image/raw-json.ts';

function members(json: string): [name: string, text: string][] {
  return [...rawMembers(json)].map(([name, { text }]) => [name, text.trim()]);
}

describe('rawMembers', () => {
  test.each<[string, [string, string][]]>([
    ['{}', []],
    [' { } ', []],
    [
      '{"a":1e3,"b":"x"}',
      [
        ['a', '1e3'],
        ['b', '"x"'],
      ],
    ],
    [
      '{ "a" : { "b" : [ 1, {"c":2} ] } , "d" : [ ] }',
      [
        ['a', '{ "b" : [ 1, {"c":2} ] }'],
        ['d', '[ ]'],
      ],
    ],
    ['{"\\u0061\\"":"\\",}]\\\\"}', [['a"', '"\\",}]\\\\"']]],
    [
      '{"":null,"__proto__":{"x":"y"}}',
      [
        ['', 'null'],
        ['__proto__', '{"x":"y"}'],
      ],
    ],
    ['{"\\ud800":1,"\\ud801":2}', [['\ufffd', '2']]], // one name in Go, whose last value stays
  ])('%s', (json, expected) => {
    expect(members(json)).toEqual(expected);
  });

  test('has the values that JSON.parse has', () => {
    const values = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(values, fc.constantFrom('', ' ', '\t'), (value, indent) => {
        const json = JSON.stringify(value, undefined, indent);
        const read = members(json).map(([name, text]) => [name, JSON.parse(text)] as const);
        expect(Object.fromEntries(read)).toEqual(JSON.parse(json));
      }),
    );
  });
});
