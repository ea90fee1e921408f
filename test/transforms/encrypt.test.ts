import { createDecipheriv, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { encrypt, PUBLIC_OPTIONS_ANNOTATION } from '../../src/transforms/encrypt.ts';
import { createLayerKey, privateOptions } from '../../src/transforms/encrypt/layer-key.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, reusing } from '../support/streams.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, index) => index);
const PLAIN = Buffer.from('The quick brown fox jumps over the lazy dog.\n');

/** Both as ocicrypt writes them for the same key and nonce. */
const NONCE = Buffer.from('101112131415161718191a1b1c1d1e1f', 'hex');
const PUBLIC_OPTIONS =
  'eyJjaXBoZXIiOiJBRVNfMjU2X0NUUl9ITUFDX1NIQTI1NiIsImhtYWMiOiJSNGFLSHlUdGxzN3kveURhOExrbmthV2lJSjMyQVh2enpvdjdYT2RUdVQwPSIsImNpcGhlcm9wdGlvbnMiOnt9fQ==';

async function encrypted(plain: Uint8Array, nonce: Uint8Array, sizes?: readonly number[]) {
  const { stream, annotations } = encrypt(reusing(plain, sizes), { key: KEY, nonce });
  const bytes = await bytesOf(stream);
  const options = annotations()[PUBLIC_OPTIONS_ANNOTATION] ?? '';
  const { hmac } = JSON.parse(Buffer.from(options, 'base64').toString()) as { hmac: string };
  return { hex: bytes.toString('hex'), options, hmac: Buffer.from(hmac, 'base64').toString('hex') };
}

describe('encrypt', () => {
  test('writes what the reference writes', async () => {
    expect(await encrypted(PLAIN, NONCE)).toEqual({
      hex: 'bdab8aaac3413a859b54fea45990c6ae9fae33ba91e1a991c5d2ff35385910a74e7d5c7e56be965f817311dc26',
      options: PUBLIC_OPTIONS,
      hmac: '47868a1f24ed96cef2ff20daf0b92791a5a2209df6017bf3ce8bfb5ce753b93d',
    });
  });

  test('carries the counter over its whole block', async () => {
    expect(await encrypted(PLAIN, new Uint8Array(16).fill(0xff))).toMatchObject({
      hex: 'bdf1813d3dd219b938a7730932f839ce94ff7896403cf2a0dad3f51cb85c57f4983856c22bc3e6c5c299fc1f42',
      hmac: '662fa942dc33e2a8d1267a1847beab9f66f5b66d3926ddaee87538373b6ab51a',
    });
  });

  test('takes nothing at all', async () => {
    expect(await encrypted(new Uint8Array(), NONCE)).toMatchObject({
      hex: '',
      hmac: 'd38b42096d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb',
    });
  });

  test('does not depend on how the bytes come', async () => {
    const plain = noise(1_000_003);
    const { hex, hmac } = await encrypted(plain, NONCE, [1, 65_535, 500_000, 0, 65_536, 70_000]);
    const cipher = Buffer.from(hex, 'hex');
    const decipher = createDecipheriv('aes-256-ctr', KEY, NONCE);
    expect(decipher.update(cipher).equals(plain)).toBe(true);
    expect(hmac).toBe(createHmac('sha256', KEY).update(cipher).digest('hex'));
  });

  test('knows no code before the end', () => {
    const { annotations } = encrypt(reusing(PLAIN), { key: KEY, nonce: NONCE });
    expect(annotations).toThrow(TypeError);
  });
});

describe('a layer key', () => {
  test('is another one every time', () => {
    const [one, other] = [createLayerKey(), createLayerKey()];
    expect([one.key.length, one.nonce.length]).toEqual([32, 16]);
    expect(one.key).not.toEqual(other.key);
    expect(one.nonce).not.toEqual(other.nonce);
  });

  test('is wrapped in the JSON of the reference', () => {
    const options = privateOptions({ key: KEY, nonce: NONCE }, digestOf(PLAIN));
    expect(Buffer.from(options).toString()).toBe(
      '{"symkey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","digest":"sha256:b47cc0f104b62d4c7c30bcd68fd8e67613e287dc4ad8c310ef10cbadea9c4380","cipheroptions":{"nonce":"EBESExQVFhcYGRobHB0eHw=="}}',
    );
  });
});
