import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  isSignature,
  publicPem,
  readPrivateKey,
  signBytes,
} from '../../../src/signing/sigstore/private-key.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';
import { sealKey } from './seal-key.ts';
import { KEY_DER, PASSPHRASE, PAYLOAD, PUBLIC_KEY, SEALED_KEY, SIGNATURE } from './vectors.ts';

const signal = new AbortController().signal;

async function read(text: string, passphrase: Uint8Array = PASSPHRASE): Promise<KeyObject> {
  const file = join(await temporaryDirectory(), 'cosign.key');
  await writeFile(file, text);
  return readPrivateKey(file, async () => passphrase, signal);
}

const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { privateKey: ed25519 } = generateKeyPairSync('ed25519');
const [p256, p384, p521] = ['prime256v1', 'secp384r1', 'secp521r1'].map(
  (namedCurve) => generateKeyPairSync('ec', { namedCurve }).privateKey,
) as [KeyObject, KeyObject, KeyObject];

function pemOf(key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): string {
  return String(key.export({ format: 'pem', type } as { format: 'pem'; type: 'pkcs8' }));
}

describe('a private key', () => {
  test('that cosign made is the one it says', async () => {
    const key = await read(SEALED_KEY);
    expect(publicPem(key)).toBe(PUBLIC_KEY);
  });

  test.each([
    ['ENCRYPTED SIGSTORE PRIVATE KEY'],
    ['ENCRYPTED COSIGN PRIVATE KEY'], // skopeo
  ])('is read from %s', async (label) => {
    const text = sealKey(KEY_DER, { passphrase: new Uint8Array(), label });
    expect(publicPem(await read(text, new Uint8Array()))).toBe(PUBLIC_KEY);
  });

  test.each([
    [pemOf(p256, 'pkcs8'), p256],
    [pemOf(p256, 'sec1'), p256],
    [pemOf(rsa, 'pkcs1'), rsa],
    [pemOf(ed25519, 'pkcs8'), ed25519],
    [`${pemOf(p384, 'sec1')}${pemOf(rsa, 'pkcs8')}`, p384],
  ])('is read from plain PEM without a passphrase', async (text, key) => {
    const file = join(await temporaryDirectory(), 'plain.pem');
    await writeFile(file, text);
    const found = await readPrivateKey(file, () => Promise.reject(new Error('asked')), signal);
    expect(found.equals(key)).toBe(true);
  });

  test.each<readonly [key: KeyObject]>([[p256], [p384], [p521], [rsa], [ed25519]])(
    'of this kind signs',
    async (key) => {
      const der = key.export({ format: 'der', type: 'pkcs8' });
      const read256 = await read(sealKey(der, { passphrase: PASSPHRASE }));
      const bytes = Buffer.from(PAYLOAD);
      const signature = signBytes(read256, bytes);
      expect(isSignature(createPublicKey(key), bytes, signature)).toBe(true);
      expect(isSignature(createPublicKey(key), Buffer.from('else'), signature)).toBe(false);
    },
  );

  test('verifies what it signed elsewhere', () => {
    const key = createPublicKey(PUBLIC_KEY);
    const signature = Buffer.from(SIGNATURE, 'base64');
    expect(isSignature(key, Buffer.from(PAYLOAD), signature)).toBe(true);
    expect(isSignature(key, Buffer.from(PAYLOAD), Buffer.from('no signature'))).toBe(false);
  });
});

describe('a key file', () => {
  const { privateKey: k256 } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const { privateKey: x25519 } = generateKeyPairSync('x25519');
  const encrypted = String(
    p256.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
  );
  const sec1 = p256.export({ format: 'der', type: 'sec1' });

  test.each<readonly [text: string, fault: RegExp]>([
    ['no key', /invalid pem block/],
    ['', /invalid pem block/],
    [PUBLIC_KEY, /unsupported pem type: PUBLIC KEY/],
    [encrypted, /unsupported pem type: ENCRYPTED PRIVATE KEY/],
    [pemOf(k256, 'pkcs8'), /unsupported key type/],
    [pemOf(x25519, 'pkcs8'), /unsupported key type/],
    [pemOf(p256, 'pkcs8').replace('PRIVATE KEY', 'EC PRIVATE KEY'), /invalid pem block/],
    [sealKey(sec1, { passphrase: PASSPHRASE }), /parsing private key: /],
    [sealKey(Buffer.from('abc'), { passphrase: PASSPHRASE }), /parsing private key: /],
  ])('is refused: %.40s', async (text, fault) => {
    const error = await thrownBy(read(text));
    expect(error).toMatchObject({ code: 'KEY_INVALID', origin: 'config' });
    expect(error.message).toMatch(/^initializing private key \S+cosign.key: /);
    expect(error.message).toMatch(fault);
    expect(error.hint).toBeDefined();
  });

  test('is refused with the wrong passphrase in one line', async () => {
    const error = await thrownBy(read(SEALED_KEY, Buffer.from('wrong')));
    expect(error).toMatchObject({ code: 'KEY_INVALID' });
    expect(error.message).toMatch(/^[^\n]*: decrypt: encrypted: decryption failed$/);
    expect(error.hint).toContain('passphrase');
  });

  test('that is too large is not read', async () => {
    expect(await thrownBy(read('x'.repeat(65_537)))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('that is not there', async () => {
    const reading = readPrivateKey('/nowhere/key', async () => PASSPHRASE, signal);
    expect(await thrownBy(reading)).toMatchObject({
      code: 'FILE_NOT_FOUND',
      message:
        'reading private key from /nowhere/key: open /nowhere/key: no such file or directory',
    });
  });
});
