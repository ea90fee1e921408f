import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { basicCredentials, credentialsOf } from '../../src/config/auth-entry.ts';
import type { AuthEntry } from '../../src/config/auth-file.ts';
import { base64, failureText } from './places.ts';

const NOTHING: AuthEntry = {
  auth: undefined,
  identityToken: undefined,
  username: undefined,
  password: undefined,
};

function decode(entry: Partial<AuthEntry>) {
  const warnings: string[] = [];
  const credentials = credentialsOf({ ...NOTHING, ...entry }, 'entry "h"', (message) => {
    warnings.push(message);
  });
  return { credentials, warnings };
}

function basic(user: string, password: string) {
  return { kind: 'basic', user, password };
}

const TOKEN = { kind: 'identity-token', token: 't' };

describe('credentialsOf', () => {
  test.each([
    [{ auth: base64('u:p') }, basic('u', 'p')],
    [{ auth: base64('u:p:w') }, basic('u', 'p:w')], // the first colon splits
    [{ auth: base64('ü:пароль') }, basic('ü', 'пароль')],
    [{ auth: base64('u:p\0\0') }, basic('u', 'p')], // padded by old clients
    [{ auth: base64('u:\0p') }, basic('u', '\0p')],
    [{ auth: 'dTpwYXNz\nd29yZA==\r\n' }, basic('u', 'password')], // wrapped lines
    [{ auth: base64('u:') }, undefined],
    [{ auth: base64(':p') }, undefined],
    [{ auth: base64('u:\0') }, undefined],
    [{ username: 'u', password: 'p' }, basic('u', 'p')],
    [{ username: 'u' }, undefined],
    [{ auth: base64('a:b'), username: 'u', password: 'p' }, basic('a', 'b')],
    [{ identityToken: 't' }, TOKEN],
    [{ identityToken: 't', auth: base64('u:') }, TOKEN],
    [{}, undefined],
  ])('%j: %j', (entry, expected) => {
    expect(decode(entry)).toEqual({ credentials: expected, warnings: [] });
  });

  test('warns of a text without colon, which it does not show', () => {
    const { credentials, warnings } = decode({ auth: base64('topsecret') });
    expect(credentials).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('entry "h"');
    expect(warnings[0]).not.toContain('topsecret');
  });

  test.each([
    ['dTpwb', 4], // as podman counts: the quantum that is not whole
    ['dTpwbw', 4], // no padding
    ['dTpwbw=', 4],
    ['dTp*w', 3],
    ['dTp-', 3], // the URL alphabet
    ['dT=w', 4],
    ['dTpw====', 8],
  ])('refuses %s at byte %i', (auth, offset) => {
    expect(() => decode({ auth })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        origin: 'config',
        hint: expect.any(String),
        message: expect.stringContaining(`at input byte ${offset}`),
      }),
    );
  });

  test('refuses a password that is no UTF-8 rather than send another one', () => {
    expect(() => decode({ auth: Buffer.from('u:\xff', 'latin1').toString('base64') })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  test('gives back what was encoded', () => {
    const user = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/[:\0]/.test(text));
    const password = fc.string({ unit: 'grapheme', minLength: 1 }).filter((t) => !t.endsWith('\0'));
    fc.assert(
      fc.property(user, password, (name, word) => {
        expect(decode({ auth: base64(`${name}:${word}`) }).credentials).toEqual(basic(name, word));
      }),
    );
  });

  test('never shows an auth that it refuses', () => {
    const digits = fc.constantFrom('A', 'b', '1', '+', '/', '=', '-', '_', ' ');
    fc.assert(
      fc.property(fc.string({ unit: digits, minLength: 4, maxLength: 12 }), (auth) => {
        expect(failureText(() => decode({ auth }))).not.toContain(auth);
      }),
    );
  });

  test('takes any text that Buffer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const message = failureText(() => decode({ auth: Buffer.from(bytes).toString('base64') }));
        expect(message).not.toContain('illegal base64');
      }),
    );
  });
});

describe('basicCredentials', () => {
  test.each([
    ['u', 'p', basic('u', 'p')],
    ['', 'p', undefined],
    ['u', '', undefined],
    [undefined, 'p', undefined],
  ])('%j, %j: %j', (user, password, expected) => {
    expect(basicCredentials(user, password)).toEqual(expected);
  });
});
