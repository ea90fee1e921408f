/** What is found of secrets, and where: a search that finds nothing would please everybody. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { leaksIn } from './leaks.ts';
import { startRegistry } from './registry/registry.ts';
import { ask } from './registry/request.ts';
import { IDENTITY_TOKEN, PASSPHRASE, PASSWORD, plantKey } from './secrets.ts';

const BASE64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a secret is found', () => {
  test.each<[form: string, text: string, what: string]>([
    ['as it is', `x${PASSWORD}x`, 'the password'],
    ['in basic credentials', BASE64(`me:${PASSWORD}`), 'the password'],
    ['in those of another user', BASE64(`you:${PASSWORD}`), 'the password'],
    ['in those of a third', BASE64(`them:${PASSWORD}`), 'the password'],
    ['in an address', `http://me:${encodeURIComponent(PASSWORD)}`, 'the password'],
    ['in an address in small letters', 'a%3avery%2fsecret%40word', 'the password'],
    ['in a form', new URLSearchParams({ a: IDENTITY_TOKEN }).toString(), 'the identity token'],
    ['in JSON', JSON.stringify({ a: PASSPHRASE }), 'the passphrase'],
    ['in hexadecimal', Buffer.from(PASSPHRASE).toString('hex'), 'the passphrase'],
    ['in base64 for addresses', Buffer.from(IDENTITY_TOKEN).toString('base64url'), 'the identity'],
  ])('%s', (_, text, what) => {
    expect(leaksIn(text)).toEqual([expect.stringContaining(what)]);
    expect(leaksIn(text, [PASSWORD, PASSPHRASE, IDENTITY_TOKEN])).toEqual([]);
    expect(leaksIn(text.slice(0, -4))).toEqual([]);
  });

  test('of a private key, and nothing of the public one', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    plantKey(privateKey);
    const { d = '' } = privateKey.export({ format: 'jwk' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const number = Buffer.from(d, 'base64url');
    for (const text of [d, number, number.toString('hex'), number.toString('base64'), pem]) {
      expect(leaksIn(text)).not.toEqual([]);
    }
    const told = [publicKey.export({ format: 'pem', type: 'spki' }).toString()];
    expect(leaksIn(told.join(JSON.stringify(publicKey.export({ format: 'jwk' }))))).toEqual([]);
  });
});

test('a registry that is sent what is not for it says so in the end', async () => {
  await using own = await startRegistry({ auth: { kind: 'bearer' } });
  const other = await startRegistry();
  const authorization = `Bearer ${own.issueToken('repository:a/b:pull')}`;
  for (const { url } of [own, other]) {
    await ask('GET', `${url}/v2/`, { headers: { authorization } });
  }
  await expect(other[Symbol.asyncDispose]()).rejects.toThrow('was sent a bearer token');
});
