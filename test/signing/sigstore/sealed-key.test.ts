import { describe, expect, test } from 'vitest';
import { parsePem } from '../../../src/signing/sigstore/pem.ts';
import { openSealedKey } from '../../../src/signing/sigstore/sealed-key.ts';
import { thrownBy } from '../../support/thrown.ts';
import { sealed } from './seal-key.ts';
import { KEY_DER, PASSPHRASE, SEALED_KEY } from './vectors.ts';

const [vector = { content: new Uint8Array() }] = parsePem(SEALED_KEY);
const written = JSON.parse(Buffer.from(vector.content).toString()) as ReturnType<typeof sealed>;

describe('a sealed key', () => {
  test('that cosign made is opened', async () => {
    expect(Buffer.from(await openSealedKey(vector.content, PASSPHRASE))).toEqual(KEY_DER);
  });

  test('that is sealed again is the same', () => {
    const salt = Buffer.from(written.kdf.salt, 'base64');
    const nonce = Buffer.from(written.cipher.nonce, 'base64');
    expect(sealed(KEY_DER, { passphrase: PASSPHRASE, cost: 65_536, salt, nonce })).toEqual(written);
  });

  test.each([[32_768], [131_072]])('with the cost %i is opened', async (cost) => {
    const envelope = Buffer.from(JSON.stringify(sealed(KEY_DER, { passphrase: PASSPHRASE, cost })));
    expect(Buffer.from(await openSealedKey(envelope, PASSPHRASE))).toEqual(KEY_DER);
  });

  test.each([['s3cret\r'], [' s3cret'], ['']])('is not opened by %j', async (passphrase) => {
    const error = await thrownBy(openSealedKey(vector.content, Buffer.from(passphrase)));
    expect(error).toMatchObject({ code: 'KEY_INVALID', origin: 'config' });
    expect(error.hint).toContain('the passphrase is wrong');
  });

  const { kdf, cipher } = written;
  const { params } = kdf;
  test.each<readonly [fault: object, text: string]>([
    [{ kdf: { ...kdf, params: { ...params, N: 16_384 } } }, 'unsupported scrypt parameters'],
    [{ kdf: { ...kdf, params: { ...params, N: 2 ** 30 } } }, 'unsupported scrypt parameters'],
    [{ kdf: { ...kdf, params: { ...params, r: 2 ** 20 } } }, 'unsupported scrypt parameters'],
    [{ kdf: { ...kdf, params: { ...params, p: 2 ** 20 } } }, 'unsupported scrypt parameters'],
    [{ kdf: { ...kdf, params: { ...params, N: '65536' } } }, 'unsupported scrypt parameters'],
    [{ kdf: { ...kdf, name: 'pbkdf2' } }, 'encrypted: unknown kdf name "pbkdf2"'],
    [{ kdf: { ...kdf, name: ['scrypt'] } }, 'encrypted: unknown kdf name ""'],
    [{ kdf: undefined }, 'encrypted: unknown kdf name ""'],
    [{ kdf: { ...kdf, salt: 'a b' } }, 'encrypted: salt is not in base64'],
    [{ cipher: { ...cipher, name: 'aes' } }, 'encrypted: unknown cipher name "aes"'],
    [{ cipher: { ...cipher, nonce: 'AAAA' } }, 'encrypted: incorrect nonce size'],
    [{ ciphertext: 7 }, 'encrypted: ciphertext is not in base64'],
    [{ ciphertext: 'AAAA' }, 'decrypt: encrypted: decryption failed'],
  ])('is refused with %j', async (fault, text) => {
    const envelope = Buffer.from(JSON.stringify({ ...written, ...fault }));
    const error = await thrownBy(openSealedKey(envelope, PASSPHRASE));
    expect(error).toMatchObject({ code: 'KEY_INVALID', message: text });
  });

  test.each([['{'], ['[]'], ['']])('is refused as %j', async (text) => {
    const error = await thrownBy(openSealedKey(Buffer.from(text), PASSPHRASE));
    expect(error.code).toBe('KEY_INVALID');
  });
});
