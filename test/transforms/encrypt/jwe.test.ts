import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flattenedDecrypt, generalDecrypt, type FlattenedJWE, type GeneralJWE } from 'jose';
import { describe, expect, test } from 'vitest';
import { openJweWrapper } from '../../../src/transforms/encrypt/jwe.ts';
import { curvePair, rsaPair } from '../../support/key-pairs.ts';
import { temporaryDirectory } from '../../support/scratch.ts';

const PAYLOAD = Buffer.from('{"symkey":"secret"}');
const RSA = rsaPair();
const P256 = curvePair('P-256');
const P521 = curvePair('P-521');

/** Wraps for these keys, each as the text of its file. */
async function wrap(...keys: readonly (KeyObject | object | string)[]) {
  const dir = await temporaryDirectory();
  const recipients = keys.map((_, index) => ({
    protocol: 'jwe' as const,
    file: join(dir, String(index)),
  }));
  for (const [index, key] of keys.entries()) {
    await writeFile(join(dir, String(index)), textOf(key));
  }
  const { annotation, wrap: wrapKey } = await openJweWrapper(recipients);
  const text = Buffer.from(await wrapKey(PAYLOAD)).toString();
  return { annotation, jwe: JSON.parse(text) as unknown };
}

function textOf(key: KeyObject | object | string): string {
  if (typeof key === 'string') return key;
  if ('asymmetricKeyType' in key && 'export' in key) {
    return key.export({ format: 'pem', type: 'spki' }).toString();
  }
  return JSON.stringify(key);
}

describe('for one recipient', () => {
  const jwk = P256.publicKey.export({ format: 'jwk' });
  test.each<[key: KeyObject | object, opener: KeyObject, header: object]>([
    [RSA.publicKey, RSA.privateKey, { alg: 'RSA-OAEP' }],
    [RSA.publicKey.export({ format: 'jwk' }), RSA.privateKey, { alg: 'RSA-OAEP' }],
    [
      { ...RSA.publicKey.export({ format: 'jwk' }), alg: 'RSA-OAEP-256', kid: 'a' },
      RSA.privateKey,
      { alg: 'RSA-OAEP-256', kid: 'a' },
    ],
    [P256.publicKey, P256.privateKey, { alg: 'ECDH-ES+A256KW' }],
    [P521.publicKey, P521.privateKey, { alg: 'ECDH-ES+A256KW' }],
    [jwk, P256.privateKey, { alg: 'ECDH-ES+A256KW' }],
    [{ ...jwk, alg: 'ECDH-ES+A128KW' }, P256.privateKey, { alg: 'ECDH-ES+A128KW' }],
    [{ ...jwk, alg: 'ECDH-ES+A192KW' }, P256.privateKey, { alg: 'ECDH-ES+A192KW' }],
  ])('%#: all stands in the protected header', async (key, opener, header) => {
    const { annotation, jwe } = await wrap(key);
    expect(annotation).toBe('org.opencontainers.image.enc.keys.jwe');
    expect(Object.keys(jwe as object).sort()).toEqual([
      'ciphertext',
      'encrypted_key',
      'iv',
      'protected',
      'tag',
    ]);
    const { plaintext, protectedHeader } = await flattenedDecrypt(jwe as FlattenedJWE, opener);
    expect(Buffer.from(plaintext)).toEqual(PAYLOAD);
    const { epk: _epk, ...named } = protectedHeader ?? {};
    expect(named).toEqual({ enc: 'A256GCM', ...header });
  });
});

test('for several each opens it, and what is theirs stands beside their key', async () => {
  const named = { ...P256.publicKey.export({ format: 'jwk' }), kid: 'second' };
  const { jwe } = await wrap(RSA.publicKey, named, P521.publicKey);
  const { protected: common = '', recipients } = jwe as GeneralJWE;
  expect(JSON.parse(Buffer.from(common, 'base64url').toString())).toEqual({ enc: 'A256GCM' });
  expect(recipients).toMatchObject([
    { header: { alg: 'RSA-OAEP' } },
    { header: { alg: 'ECDH-ES+A256KW', kid: 'second' } },
    { header: { alg: 'ECDH-ES+A256KW' } },
  ]);
  for (const { privateKey } of [RSA, P256, P521]) {
    const { plaintext } = await generalDecrypt(jwe as GeneralJWE, privateKey);
    expect(Buffer.from(plaintext)).toEqual(PAYLOAD);
  }
  const stranger = curvePair('P-256').privateKey;
  await expect(generalDecrypt(jwe as GeneralJWE, stranger)).rejects.toThrow('decryption');
});

describe('no JWE is made', () => {
  const jwk = RSA.publicKey.export({ format: 'jwk' });
  test.each<[key: KeyObject | object | string, reason: string]>([
    [rsaPair(1024).publicKey, 'is an RSA key of 1024 bits'],
    [generateKeyPairSync('ec', { namedCurve: 'P-224' }).publicKey, ': ec secp224r1'],
    [generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, ': ec secp256k1'],
    [generateKeyPairSync('ed25519').publicKey, ': ed25519'],
    [generateKeyPairSync('x25519').publicKey, ': x25519'],
    [generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, ': rsa-pss'],
    [{ ...jwk, alg: 'RSA-OAEP-512' }, 'RSA-OAEP-512 is an unsupported JWE key algorithm'],
    [{ ...jwk, alg: 'ECDH-ES+A256KW' }, 'ECDH-ES+A256KW is an unsupported'],
    [{ ...P256.publicKey.export({ format: 'jwk' }), alg: 'ECDH-ES' }, 'ECDH-ES is an unsupported'],
    ['', 'is empty'],
  ])('for key %#: %s', async (key, reason) => {
    await expect(wrap(key)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining(reason) as string,
    });
  });

  test('without a file', async () => {
    const recipients = [{ protocol: 'jwe', file: '/nonexistent/key' }] as const;
    await expect(openJweWrapper(recipients)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: 'Unable to read file: open /nonexistent/key: no such file or directory',
    });
  });
});
