import { describe, expect, test } from 'vitest';
import { decodeSignature, encodeSignature, type Signature } from '../../src/image/signature.ts';

const SIGSTORE: Signature = {
  format: 'sigstore',
  mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  payload: Buffer.from('{"a":"<&>"}'),
  annotations: { 'z.example': '<b>', 'a.example': '"' },
};

const BLOB =
  '\0sigstore-json\n{"mimeType":"application/vnd.dev.cosign.simplesigning.v1+json",' +
  '"payload":"eyJhIjoiPCY+In0=","annotations":{"a.example":"\\"","z.example":"\\u003cb\\u003e"}}';

describe('a sigstore signature', () => {
  test('is written as the reference does, and read again', () => {
    expect(Buffer.from(encodeSignature(SIGSTORE)).toString()).toBe(BLOB);
    expect(decodeSignature(Buffer.from(BLOB))).toEqual(SIGSTORE);
  });

  test.each([
    '{',
    '[]',
    '{"payload":"","annotations":{}}',
    '{"mimeType":"a","payload":1,"annotations":{}}',
    '{"mimeType":"a","payload":"","annotations":{"a":1}}',
  ])('is none that says %s', (json) => {
    const blob = Buffer.from(`\0sigstore-json\n${json}`);
    expect(() => decodeSignature(blob)).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID' }),
    );
  });
});

describe('an OpenPGP message', () => {
  test.each([0xa0, 0xa3, 0xc8, 0x90, 0x92, 0xc4, 0x88, 0x8b, 0xc2])('begins with 0x%s', (first) => {
    const bytes = Buffer.from([first, 1, 2]);
    expect(decodeSignature(bytes)).toEqual({ format: 'simple-signing', bytes });
    expect(encodeSignature({ format: 'simple-signing', bytes })).toEqual(bytes);
  });

  test.each(['message', '\0sigstore-json\n{}', ''])(
    'may have its format before it: %j',
    (content) => {
      const blob = Buffer.from(`\0simple-signing\n${content}`);
      const bytes = Buffer.from(content);
      expect(decodeSignature(blob)).toEqual({ format: 'simple-signing', bytes });
    },
  );

  test('has its format before it where it would be taken for another', () => {
    const bytes = Buffer.from('\0sigstore-json\n{}');
    const blob = encodeSignature({ format: 'simple-signing', bytes });
    expect(Buffer.from(blob).toString()).toBe('\0simple-signing\n\0sigstore-json\n{}');
  });
});

test.each([
  ['', 'empty signature blob'],
  ['-----BEGIN PGP MESSAGE-----', 'starting with binary 0x2d'],
  ['\x93', 'starting with binary 0x93'],
  ['\0unknown\n{}', 'unrecognized signature format "unknown"'],
  ['\0sigstore-json', 'without a line'],
])('%j is in no format', (text, message) => {
  expect(() => decodeSignature(Buffer.from(text, 'latin1'))).toThrow(
    expect.objectContaining({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining(message),
    }),
  );
});
