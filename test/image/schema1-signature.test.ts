/** Signatures of v2s1 manifests: libtrust's are understood, ours are of the same form. */
import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { manifestDigest } from '../../src/image/manifest-type.ts';
import { libtrustKeyId, schema1Payload, signSchema1 } from '../../src/image/schema1-signature.ts';
import { digestOf } from '../../src/image/digest.ts';
import { fixture } from './fixture.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signatureOf(manifest: Uint8Array) {
  return JSON.parse(Buffer.from(manifest).toString()).signatures[0];
}

describe('schema1Payload', () => {
  test("libtrust's own signature is good for the payload found", () => {
    const signed = fixture('docker-v2s1-signed.json');
    const payload = Buffer.from(schema1Payload(signed));
    expect(JSON.parse(payload.toString())).not.toHaveProperty('signatures');
    expect(isGood(payload, signatureOf(signed))).toBe(true);
  });

  const indented = '{\n   "schemaVersion": 1\n}';
  const end = {
    formatLength: indented.length - 2,
    formatTail: Buffer.from('\n}').toString('base64url'),
  };
  function withSignatures(...headers: unknown[]): Buffer {
    const signatures = headers.map((header) => ({ protected: base64url(header) }));
    return Buffer.from(
      `${indented.slice(0, -2)},\n   "signatures": ${JSON.stringify(signatures)}\n}`,
    );
  }

  test.each([[[end]], [[end, { ...end, time: 'later' }]]])('takes %j', (headers) => {
    expect(Buffer.from(schema1Payload(withSignatures(...headers))).toString()).toBe(indented);
  });

  test.each([
    [[]],
    [[{}]],
    [[1]],
    [[{ ...end, formatLength: undefined }]],
    [[{ ...end, formatLength: -1 }]],
    [[{ ...end, formatLength: 1.5 }]],
    [[{ ...end, formatLength: 9999 }]],
    [[{ ...end, formatTail: 1 }]],
    [[{ ...end, formatTail: '*' }]],
    [[end, { ...end, formatLength: 1 }]],
    [[end, { ...end, formatTail: '' }]],
  ])('refuses %j', (headers) => {
    expect(() => schema1Payload(withSignatures(...headers))).toThrow(INVALID);
  });

  test.each([['{}'], ['{"signatures":{}}'], ['{"signatures":[{"protected":"!"}]}'], ['x']])(
    'refuses %s',
    (json) => {
      expect(() => schema1Payload(Buffer.from(json))).toThrow(INVALID);
    },
  );
});

describe('signSchema1', () => {
  const payload = fixture('docker-v2s1-payload.json');
  const signed = signSchema1(payload, new Date('2026-11-20T15:11:48.999Z'));

  test('signs, and leaves the digest alone', () => {
    const signature = signatureOf(signed);
    expect(isGood(payload, signature)).toBe(true);
    expect(isGood(Buffer.from('{}'), signature)).toBe(false);
    expect(Buffer.from(schema1Payload(signed))).toEqual(payload);
    expect(manifestDigest(signed)).toBe(digestOf(payload));
  });

  test('is written as libtrust writes it', () => {
    const { header, signature, protected: protectedHeader } = signatureOf(signed);
    expect(Buffer.from(protectedHeader, 'base64url').toString()).toBe(
      '{"formatLength":1172,"formatTail":"fQ","time":"2026-11-20T15:11:48Z"}',
    );
    const { kid, x, y } = header.jwk;
    expect(kid).toMatch(/^([A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
    expect(Buffer.from(signed).toString()).toBe(
      `${payload.toString().slice(0, -1)},"signatures":[{"header":{"jwk":{"crv":"P-256","kid":` +
        `"${kid}","kty":"EC","x":"${x}","y":"${y}"},"alg":"ES256"},"signature":"${signature}",` +
        `"protected":"${protectedHeader}"}]}`,
    );
  });

  test('with a new key each time', () => {
    const again = signSchema1(payload, new Date(0));
    expect(signatureOf(again).header.jwk.kid).not.toBe(signatureOf(signed).header.jwk.kid);
  });
});

test("libtrustKeyId is libtrust's", () => {
  const { jwk } = signatureOf(fixture('docker-v2s1-signed.json')).header;
  expect(libtrustKeyId(createPublicKey({ key: jwk, format: 'jwk' }))).toBe(jwk.kid);
});

function isGood(
  payload: Buffer,
  signature: { header: { jwk: object }; signature: string; protected: string },
): boolean {
  const key = createPublicKey({ key: { ...signature.header.jwk }, format: 'jwk' });
  const input = Buffer.from(`${signature.protected}.${payload.toString('base64url')}`);
  const bytes = Buffer.from(signature.signature, 'base64url');
  return verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, bytes);
}
