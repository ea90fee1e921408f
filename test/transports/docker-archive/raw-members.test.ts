import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rawMembers } from '../../../src/transports/docker-archive/raw-members.ts';

describe('rawMembers', () => {
  test.each([
    ['{}', []],
    [' { } ', []],
    ['{"a":1}', [['a', '1']]],
    [
      '{"a" : 1.0 ,\n"b":1e3}',
      [
        ['a', '1.0'],
        ['b', '1e3'],
      ],
    ],
    ['{"a":{"2":[1, {}], "1":null}}', [['a', '{"2":[1,{}],"1":null}']]],
    ['{"a":"x: {\\"},\\\\"}', [['a', '"x: {\\"},\\\\"']]],
    ['{"a b":"c d"}', [['a b', '"c d"']]],
    ['{"\\u0061":"\\u00e9\\/"}', [['a', '"\\u00e9\\/"']]],
    ['{"a":"<é&>\u2028"}', [['a', '"\\u003cé\\u0026\\u003e\\u2028"']]],
    ['{"a":1,"a":2}', [['a', '2']]],
    [
      '{"a":[],"b":"","c":{}}',
      [
        ['a', '[]'],
        ['b', '""'],
        ['c', '{}'],
      ],
    ],
  ] as const)('of %j', (json, members) => {
    expect([...rawMembers(json)]).toEqual(members);
  });

  test('keeps what the members mean', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indent) => {
        const members = [...rawMembers(JSON.stringify(object, undefined, indent))];
        const parsed = members.map(([name, json]) => [name, JSON.parse(json) as unknown]);
        expect(parsed).toEqual(Object.entries(JSON.parse(JSON.stringify(object)) as object));
      }),
    );
  });
});
