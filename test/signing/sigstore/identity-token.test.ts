import { describe, expect, test } from 'vitest';
import type { OcipushError } from '../../../src/errors.ts';
import {
  checkAudience,
  expiryOf,
  parseIdentityToken,
} from '../../../src/signing/sigstore/identity-token.ts';
import { thrownBy } from '../../support/thrown.ts';

function tokenOf(claims: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2ln`;
}

describe('an ID token', () => {
  test.each<readonly [claims: object, subject: string]>([
    [{ email: 'a@b.test', email_verified: true, sub: 's' }, 'a@b.test'],
    [{ email: 'a@b.test', email_verified: 'true' }, 'a@b.test'],
    [{ email: '', sub: 's' }, 's'],
    [{ email: null, sub: 's' }, 's'],
    [{ sub: 'repo:x/y' }, 'repo:x/y'],
  ])('%j is of %s', async (claims, subject) => {
    const text = tokenOf(claims);
    expect(await parseIdentityToken(text)).toEqual({ text, subject, claims });
  });

  test.each<readonly [text: string]>([
    [tokenOf({ email: 'secret@b.test', email_verified: false, sub: 's' })],
    [tokenOf({ email: 'secret@b.test', sub: 's' })],
    [tokenOf({ email: 'secret@b.test', email_verified: 'yes', sub: 's' })],
    [tokenOf({ secret: 1 })],
    [tokenOf({ sub: '' })],
    [tokenOf({ sub: 7 })],
    [tokenOf(['secret'])],
    [tokenOf(null)],
    ['secret'],
    ['a.secret'],
    ['a.secret.c'],
    [`${tokenOf({ sub: 'secret' })}.d`],
    [`${tokenOf({ sub: 'secret' })}\r\nx: y`],
    [''],
  ])('%s is none, and is not shown', async (text) => {
    const error = await thrownBy(parseIdentityToken(text));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', origin: 'config', retryable: false });
    expect(error.message).not.toMatch(/secret/);
    expect(error.cause).toBeUndefined();
  });

  test('ends when it says', async () => {
    expect(expiryOf(await parseIdentityToken(tokenOf({ sub: 's', exp: 17 })))).toBe(17);
    expect(expiryOf(await parseIdentityToken(tokenOf({ sub: 's', exp: '17' })))).toBeUndefined();
  });
});

describe('the audience of a token', () => {
  const issuer = new URL('https://id.test/auth');
  const good = { sub: 's', iss: 'https://id.test/auth', aud: 'me', nonce: 'n' };

  test.each<readonly [change: object, isRight: boolean]>([
    [{}, true],
    [{ iss: 'https://id.test/auth/' }, true],
    [{ aud: ['you', 'me'] }, true],
    [{ iss: 'https://id.test' }, false],
    [{ iss: undefined }, false],
    [{ aud: 'you' }, false],
    [{ aud: undefined }, false],
    [{ nonce: 'm' }, false],
    [{ nonce: undefined }, false],
  ])('with %j is right: %s', async (change, isRight) => {
    const token = await parseIdentityToken(tokenOf({ ...good, ...change }));
    const check = () => checkAudience(token, { issuer, clientID: 'me', nonce: 'n' });
    expect(codeThrownBy(check)).toBe(isRight ? undefined : 'SIGNING_FAILED');
  });

  test('needs no nonce where none was sent', async () => {
    const token = await parseIdentityToken(tokenOf({ ...good, nonce: undefined }));
    expect(() => checkAudience(token, { issuer, clientID: 'me' })).not.toThrow();
  });
});

function codeThrownBy(attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return (error as OcipushError).code;
  }
}
