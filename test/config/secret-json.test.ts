import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memberOf, parseSecretJson, typeName } from '../../src/config/secret-json.ts';
import { OcipushError } from '../../src/errors.ts';
import { failureText } from './places.ts';

function failureOf(text: string | Uint8Array): OcipushError {
  try {
    parseSecretJson(Buffer.from(text), 'this', 'do that');
  } catch (error) {
    if (error instanceof OcipushError) return error;
  }
  throw new Error('it was parsed');
}

describe('parseSecretJson', () => {
  test('gives the object, without a byte order mark', () => {
    expect(parseSecretJson(Buffer.from('\uFEFF{"a":[1]}'), '', '')).toEqual({ a: [1] });
  });

  test.each([
    ['{"auth": c2VjcmV0}', 'line 1, column 10'],
    ['{\n "auth": [\n  c2VjcmV0]}', 'line 3, column 3'],
    ['{"a":"b" x', 'line 1, column 10'],
    ['{"a":"c2Vj\ncmV0"}', 'line 1, column 11'],
    ['{"a":1}}', 'line 1, column 8'],
    ['[1,]', 'line 1, column 4'],
    ['}', 'line 1, column 1'],
    ['{"a":01}', 'line 1, column 7'],
    ['{"a":"\\x"}', 'line 1, column 8'],
    ['', 'unexpected end'],
    [' \n', 'unexpected end'],
    ['{', 'unexpected end'],
    ['{"a":"c2VjcmV0', 'unexpected end'],
    ['{"a":tru', 'unexpected end'],
    ['["c2VjcmV0"]', 'an array'],
    ['null', 'null'],
    ['"c2VjcmV0"', 'a string'],
    [Uint8Array.of(0x7b, 0xff, 0x7d), 'UTF-8'],
  ])('%j fails at its place: %s', (text, place) => {
    const error = failureOf(text);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', origin: 'config', hint: 'do that' });
    expect(error.message).toContain(place);
    expect(error.message).not.toContain('c2Vj');
    expect(error.cause).toBeUndefined();
  });

  test('finds a stray character wherever it stands', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (value, position) => {
        const text = JSON.stringify(value);
        const index = position % text.length;
        const broken = `${text.slice(0, index)}\u0001${text.slice(index)}`;
        expect(failureOf(broken).message).toContain(`column ${index + 1}`);
      }),
    );
  });

  test('never quotes the text', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.constantFrom('x', '"', '}', ',', '\n', '\\', ''), (index, by) => {
        const text = '{"auths":{"quay.io":{"auth":"c2VjcmV0c2VjcmV0"}}}';
        const broken = text.slice(0, index) + by + text.slice(index + 1);
        const message = failureText(() => parseSecretJson(Buffer.from(broken), '', ''));
        expect(message).not.toMatch(/c2V|jcm|V0c/);
      }),
    );
  });

  test('finds the place in 4 MiB', () => {
    const text = `{"a":[${'1,'.repeat(2 * 1024 * 1024)}x]}`;
    expect(failureOf(text).message).toContain(`column ${text.length - 2}`);
  });
});

describe('memberOf', () => {
  test.each([
    [{ auths: 1 }, 1],
    [{ Auths: 1 }, 1],
    [{ AUTHS: 1, auths: 2 }, 2],
    [{ other: 1 }, undefined],
  ])('%j: %j', (object, expected) => {
    expect(memberOf(object, 'auths')).toBe(expected);
  });
});

describe('typeName', () => {
  test.each([
    [null, 'null'],
    [[], 'an array'],
    [{}, 'an object'],
    ['', 'a string'],
    [1, 'a number'],
    [true, 'a boolean'],
  ])('%j is %s', (value, expected) => {
    expect(typeName(value)).toBe(expected);
  });
});
