import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import {
  formatDuration,
  parseBool,
  parseDuration,
  parseInteger,
  parseUnsigned,
} from '../../src/cli/go-values.ts';

describe('parseBool', () => {
  test.each(['1', 't', 'T', 'true', 'TRUE', 'True'])('%s', (text) => {
    expect(parseBool(text)).toBe(true);
  });

  test.each(['0', 'f', 'F', 'false', 'FALSE', 'False'])('%s', (text) => {
    expect(parseBool(text)).toBe(false);
  });

  test.each(['', 'yes', 'no', 'tRUE', ' true', '2'])('%j is none', (text) => {
    expect(() => parseBool(text)).toThrow(`strconv.ParseBool: parsing "${text}": invalid syntax`);
  });
});

describe('parseInteger', () => {
  test.each([
    ['0', 0],
    ['42', 42],
    ['-1', -1],
    ['+7', 7],
    ['0x1F', 31],
    ['-0b101', -5],
    ['0o17', 15],
    ['017', 15],
    ['1_000', 1000],
    ['0x_f', 15],
    ['-9223372036854775808', -(2 ** 63)],
  ])('%s', (text, expected) => {
    expect(parseInteger(text)).toBe(expected);
  });

  test.each(['', 'abc', '-', '+-1', '1.5', '1e3', '08', '0x', '_1', '1_', '1__0', ' 1', '1\n'])(
    '%j is none',
    (text) => {
      expect(() => parseInteger(text)).toThrow(
        `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
      );
    },
  );

  test.each(['9223372036854775808', '-9223372036854775809'])('%s is too large', (text) => {
    expect(() => parseInteger(text)).toThrow(
      `strconv.ParseInt: parsing "${text}": value out of range`,
    );
  });

  test('reads what JavaScript writes', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => {
        expect(parseInteger(String(number))).toBe(number);
      }),
    );
  });
});

describe('parseUnsigned', () => {
  test.each([
    ['0', 0],
    ['3', 3],
    ['0x10', 16],
  ])('%s', (text, expected) => {
    expect(parseUnsigned(text)).toBe(expected);
  });

  test.each(['-1', '+1', '', 'x'])('%j is none', (text) => {
    expect(() => parseUnsigned(text)).toThrow(
      `strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  });

  test('has 64 bits', () => {
    expect(() => parseUnsigned('18446744073709551616')).toThrow(
      'strconv.ParseUint: parsing "18446744073709551616": value out of range',
    );
  });
});

describe('parseDuration', () => {
  test.each([
    ['1s', 1000],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1h2m3s', 3_723_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['2.s', 2000],
    ['250us', 0.25],
    ['250µs', 0.25], // U+00B5
    ['250μs', 0.25], // U+03BC
    ['1000000ns', 1],
    ['0', 0],
    ['-0', -0],
    ['+5s', 5000],
    ['-1m', -60_000],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toBeCloseTo(expected, 9);
  });

  test.each([
    ['xx', 'time: invalid duration "xx"'],
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1s x', 'time: unknown unit "s x" in duration "1s x"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1m30', 'time: missing unit in duration "1m30"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
    ['1s-1s', 'time: unknown unit "s-" in duration "1s-1s"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
  ])('%j is none', (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [500, '500ms'],
    [1000, '1s'],
    [2113, '2.113s'],
    [2100.4, '2.1s'],
    [60_000, '1m0s'],
    [90_000, '1m30s'],
    [3_600_000, '1h0m0s'],
  ])('%d', (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected);
  });

  test('is read back as the same', () => {
    fc.assert(
      fc.property(fc.nat(1e9), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBeCloseTo(milliseconds, 6);
      }),
    );
  });
});
