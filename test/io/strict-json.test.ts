import { describe, expect, test } from 'vitest';
import { parseStrictJson } from '../../src/io/strict-json.ts';
import { failureText } from '../config/places.ts';

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text), 'it');

describe('parseStrictJson', () => {
  test.each([
    'null',
    '[{"a":1},{"a":1}]',
    '{"a":{"a":{"a":[]}},"b":{"a":1}}',
    '{"a":"a","b":"a","A":1,"":2," ":3}',
    String.raw`{"a:b":"{","c":"\":","\\":"\"}","d":"]","\"c\":":1}`,
    '{"__proto__":1,"constructor":2}',
  ])('takes %s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  test.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":[],"b":{},"a":1}', 'a'],
    ['[0,{"b":{"a":{},"a":1}}]', 'a'],
    [String.raw`{"a":1,"\u0061":2}`, 'a'],
    [String.raw`{"\\":1,"b":"\\","\u005c":1}`, '\\'],
    ['{"":1,"":2}', ''],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('refuses %s', (text, name) => {
    const message = `parsing it: line 1: Duplicate key ${JSON.stringify(name)}`;
    expect(failureText(() => parse(text))).toBe(message);
  });

  test.each(['', '{', '{"a":1}}', '{"a":1,}', '{a:1}', '\u{feff}{}', '\0'])(
    'refuses %j',
    (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'JSON_INVALID' }));
    },
  );

  test('refuses what is not UTF-8', () => {
    const bytes = Uint8Array.of(0x22, 0xff, 0x22);
    expect(() => parseStrictJson(bytes, 'it')).toThrow(
      expect.objectContaining({ code: 'JSON_INVALID' }),
    );
  });

  test.each([
    ['a long string', `{"a":"${'x'.repeat(4e6)}","a":1}`],
    ['a string of escapes', `{"a":"${String.raw`\n`.repeat(2e6)}","a":1}`],
    ['many arrays', `{"a":${'['.repeat(1e6)}${']'.repeat(1e6)},"a":1}`],
    ['many objects', `{"a":${'{"a":'.repeat(5e5)}0${'}'.repeat(5e5)},"a":1}`],
  ])('gets through %s', (_, text) => {
    expect(failureText(() => parse(text))).toBe('parsing it: line 1: Duplicate key "a"');
  });
});
