import { describe, expect, test } from 'vitest';
import { escapeControls, goQuote, harmlessJson } from '../../src/cli/escape.ts';

describe('escapeControls', () => {
  test.each([
    ['plain text, ünïcode 漢字 🙂', 'plain text, ünïcode 漢字 🙂'],
    ['a\nb\rc\td', String.raw`a\nb\rc\td`],
    ['\u001B[31mred\u0007', String.raw`\x1b[31mred\x07`],
    ['\u0000\u007F\u009B', String.raw`\x00\x7f\x9b`],
    ['\u202Egnp.exe', String.raw`\u202egnp.exe`], // right-to-left override
    ['a\u2028b\u2029c\u200Bd\uFEFF', String.raw`a\u2028b\u2029c\u200bd\ufeff`],
    ['\u{E0041}', String.raw`\U000e0041`], // tag character
    ['\uD800', String.raw`\ud800`], // half a surrogate pair
    [String.raw`\n stays`, String.raw`\n stays`],
  ])('%j', (text, expected) => {
    expect(escapeControls(text)).toBe(expected);
  });
});

describe('goQuote', () => {
  test.each([
    ['', '""'],
    ['abc', '"abc"'],
    ['a"b\\c', String.raw`"a\"b\\c"`],
    ['a\nb\u001B', String.raw`"a\nb\x1b"`],
  ])('%j', (text, expected) => {
    expect(goQuote(text)).toBe(expected);
  });
});

describe('harmlessJson', () => {
  const text = 'plain ünïcode 🙂 \n\u001B[31m\u007F\u009B\u202E\u2028\uFEFF\u{E0041}\uD800';

  test('spells what a terminal acts on, in names as in values', () => {
    expect(harmlessJson({ [text]: [text] })).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u);
  });

  test.each([undefined, 2])('says the same, indented by %s', (indentation) => {
    const value = { [text]: [text, 1, null, { a: [] }] };
    expect(JSON.parse(harmlessJson(value, indentation))).toEqual(value);
    const plain = { a: ['ünïcode 🙂\n'] };
    expect(harmlessJson(plain, indentation)).toBe(JSON.stringify(plain, undefined, indentation));
  });
});
