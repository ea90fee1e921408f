import { describe, expect, test } from 'vitest';
import { messageOf, OcipushError, shortened, withDetails, wrapError } from '../src/errors.ts';

describe('OcipushError', () => {
  test('says nothing that it was not told', () => {
    const error = new OcipushError('USAGE', 'text');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'OcipushError',
      code: 'USAGE',
      message: 'text',
      origin: undefined,
      hint: undefined,
      context: {},
      retryable: false,
    });
    expect(Object.hasOwn(error, 'cause')).toBe(false);
  });

  test('says what it was told', () => {
    const cause = new Error('inner');
    const details = {
      origin: 'source',
      hint: 'do',
      context: { a: 1 },
      retryable: true,
      cause,
    } as const;
    expect(new OcipushError('USAGE', 'text', details)).toMatchObject({
      ...details,
      message: 'text',
    });
  });
});

describe('shortened', () => {
  test.each(['', 'text', 'x'.repeat(2000)])('leaves alone what is short', (text) => {
    expect(shortened(text)).toBe(text);
  });

  test('keeps beginning and end', () => {
    const text = `reading: ${'x'.repeat(10_000)}: no such file`;
    expect(shortened(text)).toMatch(/^reading: x+ … x+: no such file$/);
    expect(shortened(text).length).toBeLessThan(2010);
  });

  test('holds for what an error quotes, however often it is wrapped', () => {
    const long = 'x'.repeat(5_000_000);
    let error = new OcipushError('USAGE', long, { hint: long });
    for (let count = 0; count < 5; count += 1) error = wrapError(error, long, { code: 'USAGE' });
    expect(error.message.length).toBeLessThan(2010);
    expect(error.hint?.length).toBeLessThan(2010);
  });
});

test.each([
  [new Error('a'), 'a'],
  [new OcipushError('USAGE', 'b'), 'b'],
  ['c', 'c'],
  [undefined, 'undefined'],
  [null, 'null'],
])('messageOf %s', (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});

describe('withDetails', () => {
  const cause = new Error('inner');
  const error = new OcipushError('DIGEST_MISMATCH', 'text', {
    origin: 'source',
    hint: 'do',
    context: { status: 404 },
    retryable: true,
    cause,
  });

  test('keeps what is not said otherwise', () => {
    const changed = withDetails(error, { hint: 'do that' });
    const { code, message, origin, context, retryable } = error;
    expect(changed).not.toBe(error);
    expect(changed).toMatchObject({ code, message, origin, context, retryable, cause });
    expect(changed.hint).toBe('do that');
  });

  test('takes away what is undefined', () => {
    expect(withDetails(error, { hint: undefined, retryable: false })).toMatchObject({
      hint: undefined,
      retryable: false,
      origin: 'source',
    });
  });
});

describe('wrapError', () => {
  test('puts the attempt before the message and keeps the rest', () => {
    const details = { origin: 'source', hint: 'do', context: { a: 'b' }, retryable: true } as const;
    const error = new OcipushError('DIGEST_MISMATCH', 'text', details);
    const wrapped = wrapError(error, 'writing blob', {
      code: 'UNSUPPORTED',
      origin: 'destination',
    });
    expect(wrapped).toMatchObject({
      ...details,
      code: 'DIGEST_MISMATCH',
      message: 'writing blob: text',
      cause: error,
    });
  });

  test('knows an origin that the error does not know', () => {
    const error = new OcipushError('DIGEST_MISMATCH', 'text');
    expect(wrapError(error, 'a', { code: 'USAGE', origin: 'source' }).origin).toBe('source');
    expect(wrapError(error, 'a', { code: 'USAGE' }).origin).toBeUndefined();
  });

  test.each([[new TypeError('text')], ['text']])('makes one of %s', (thrown) => {
    expect(wrapError(thrown, 'a', { code: 'UNSUPPORTED', origin: 'config' })).toMatchObject({
      name: 'OcipushError',
      code: 'UNSUPPORTED',
      message: 'a: text',
      origin: 'config',
      hint: undefined,
      retryable: false,
      cause: thrown,
    });
  });
});
