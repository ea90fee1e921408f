import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parsePublicKey } from '../../../src/transforms/encrypt/public-key.ts';
import { curvePair, rsaPair } from '../../support/key-pairs.ts';
import { TEST_CERTIFICATE } from '../../support/registry/certificate.ts';
import { makeCertificate } from './certificates.ts';

const { publicKey, privateKey } = rsaPair();
const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
const der = publicKey.export({ format: 'der', type: 'spki' });
const jwk = publicKey.export({ format: 'jwk' });
const certificate = makeCertificate([-1, 1], { publicKey, privateKey });

function derOf(text: string): Uint8Array {
  return Buffer.from(text.replaceAll(/-----.*-----/g, ''), 'base64');
}

describe('parsePublicKey', () => {
  test.each<[what: string, bytes: string | Uint8Array]>([
    ['PEM', pem],
    ['PEM after text', `Bag Attributes\n  friendlyName: a\n${pem}`],
    ['PEM under any label', pem.replaceAll('PUBLIC KEY', 'FOO')],
    ['PEM with headers', pem.replace('-----\n', '-----\nNote: of a key\n')],
    ['the first of two in PEM', `${pem}${TEST_CERTIFICATE.cert}`],
    ['DER', der],
    ['JWK', JSON.stringify(jwk)],
    ['a certificate in PEM', certificate.pem],
    ['a certificate in DER', derOf(certificate.pem)],
  ])('reads %s', (_, bytes) => {
    const { key } = parsePublicKey(Buffer.from(bytes), 'file');
    expect(key.export({ format: 'der', type: 'spki' })).toEqual(der);
  });

  test('reads what a JWK says of itself', () => {
    const named = { ...jwk, alg: 'RSA-OAEP-256', kid: 'mine' };
    expect(parsePublicKey(Buffer.from(JSON.stringify(named)), 'file')).toMatchObject({
      algorithm: 'RSA-OAEP-256',
      keyID: 'mine',
    });
  });

  test('reads curves', () => {
    const pair = curvePair('P-521');
    const text = JSON.stringify(pair.publicKey.export({ format: 'jwk' }));
    const { key } = parsePublicKey(Buffer.from(text), 'file');
    expect(key.equals(createPublicKey(pair.privateKey))).toBe(true);
  });

  const secret = generateKeyPairSync('ed25519').privateKey;
  test.each<[what: string, bytes: string | Uint8Array]>([
    ['text', 'no key at all'],
    ['a private key in PEM', privateKey.export({ format: 'pem', type: 'pkcs8' })],
    ['a private key in DER', privateKey.export({ format: 'der', type: 'pkcs8' })],
    ['a private RSA key', privateKey.export({ format: 'pem', type: 'pkcs1' })],
    ['a private JWK', JSON.stringify(privateKey.export({ format: 'jwk' }))],
    ['a private JWK of a curve', JSON.stringify(secret.export({ format: 'jwk' }))],
    ['PKCS #1', publicKey.export({ format: 'pem', type: 'pkcs1' })],
    ['a secret', '{"kty":"oct","k":"AAAA"}'],
    ['a set of JWK', JSON.stringify({ keys: [jwk] })],
    ['JSON of anything', '[1]'],
    ['an empty block', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n'],
  ])('does not take %s', (_, bytes) => {
    expect(() => parsePublicKey(Buffer.from(bytes), 'the-file')).toThrow(
      expect.objectContaining({
        code: 'KEY_INVALID',
        message: 'File provided is not a public key: the-file',
      }) as Error,
    );
  });

  test.each<[period: readonly [number, number], reason: string]>([
    [[-3, -1], 'expired on'],
    [[1, 3], 'is not valid before'],
  ])('does not take a certificate of other days: %j', (period, reason) => {
    const { pem: other } = makeCertificate(period, { publicKey, privateKey });
    expect(() => parsePublicKey(Buffer.from(other), 'file')).toThrow(
      expect.objectContaining({
        code: 'KEY_INVALID',
        message: expect.stringContaining(reason) as string,
      }) as Error,
    );
  });
});
