import { createDecipheriv, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import forge from 'node-forge';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import {
  derBytes,
  encryptedContentInfo,
  openPkcs7Wrapper,
} from '../../../src/transforms/encrypt/pkcs7.ts';
import { rsaPair } from '../../support/key-pairs.ts';
import { TEST_CERTIFICATE } from '../../support/registry/certificate.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { makeCertificate } from './certificates.ts';

type Asn1 = forge.asn1.Asn1;

const PRIVATE_OPTIONS =
  '{"symkey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","digest":"sha256:b47cc0f104b62d4c7c30bcd68fd8e67613e287dc4ad8c310ef10cbadea9c4380","cipheroptions":{"nonce":"EBESExQVFhcYGRobHB0eHw=="}}';

async function wrap(...certificates: readonly string[]): Promise<Uint8Array> {
  const dir = await temporaryDirectory();
  const recipients = certificates.map((_, index) => ({
    protocol: 'pkcs7' as const,
    file: join(dir, String(index)),
  }));
  for (const [index, text] of certificates.entries()) {
    await writeFile(join(dir, String(index)), text);
  }
  const wrapper = await openPkcs7Wrapper(recipients);
  expect(wrapper.annotation).toBe('org.opencontainers.image.enc.keys.pkcs7');
  return wrapper.wrap(Buffer.from(PRIVATE_OPTIONS));
}

test('the content is encrypted as in the reference', () => {
  const bytes = (from: number, count: number): Uint8Array =>
    Uint8Array.from({ length: count }, (_, index) => from + index);
  const info = encryptedContentInfo(Buffer.from(PRIVATE_OPTIONS), bytes(0, 16), bytes(0x20, 12));
  const der = derBytes(info);
  expect(der).toHaveLength(261);
  expect(Buffer.from(der).toString('hex')).toMatch(
    /^3082010106092a864886f70d0107013020060960864801650304010610133011840c202122232425262728292a2b0201108081d1bbd761ddeb9b1c709972ad95308ad73f/,
  );
  expect(digestOf(der)).toBe(
    'sha256:ea5916a4094d31e349c98e6c3a496e4f37b8284d4a2d963231c538e89df8d87b',
  );
});

/** The members of a value in the order of RFC 5652. */
function members(value: Asn1 | undefined): readonly Asn1[] {
  if (!Array.isArray(value?.value)) throw new Error('not constructed');
  return value.value;
}

/** Bytes of a value, each as a character. */
function textOf(value: Asn1 | undefined): string {
  if (typeof value?.value !== 'string') throw new Error('constructed');
  return value.value;
}

function bytesOf(value: Asn1 | undefined): Buffer {
  return Buffer.from(textOf(value), 'latin1');
}

interface Envelope {
  readonly recipients: readonly Asn1[];
  readonly open: (recipient: Asn1 | undefined, privateKey: KeyObject) => string;
}

function parseEnvelope(der: Uint8Array): Envelope {
  const [type, explicit] = members(forge.asn1.fromDer(Buffer.from(der).toString('latin1')));
  expect(forge.asn1.derToOid(textOf(type))).toBe('1.2.840.113549.1.7.3');
  const [version, recipients, content] = members(members(explicit)[0]);
  expect(bytesOf(version)).toEqual(Buffer.of(0));
  const [, algorithm, encrypted] = members(content);
  const text = bytesOf(encrypted);
  const parameters = members(forge.asn1.fromDer(textOf(members(algorithm)[1])));
  return {
    recipients: members(recipients),
    open: (recipient, privateKey) => {
      // Node decrypts no PKCS #1 v1.5 any more.
      const pem = privateKey.export({ format: 'pem', type: 'pkcs1' }).toString();
      const key = forge.pki.privateKeyFromPem(pem).decrypt(textOf(members(recipient)[3]));
      const contentKey = Buffer.from(key, 'latin1');
      const decipher = createDecipheriv('aes-128-gcm', contentKey, bytesOf(parameters[0]));
      decipher.setAuthTag(text.subarray(-16));
      return Buffer.concat([decipher.update(text.subarray(0, -16)), decipher.final()]).toString();
    },
  };
}

test('each recipient finds its certificate, byte for byte, and opens it', async () => {
  const made = [makeCertificate(), makeCertificate()];
  const { recipients, open } = parseEnvelope(await wrap(...made.map(({ pem }) => pem)));
  const encoded = recipients.map((each) =>
    Buffer.from(forge.asn1.toDer(each).getBytes(), 'latin1'),
  );
  expect(encoded).toEqual(encoded.toSorted((left, right) => Buffer.compare(left, right)));
  expect(recipients).toHaveLength(2);
  for (const { pem, privateKey } of made) {
    const certificate = members(forge.asn1.fromDer(forge.pki.pemToDer(pem)));
    const [, serial, , issuer] = members(certificate[0]);
    const openings = recipients.map((recipient) => {
      const [foundIssuer, foundSerial] = members(members(recipient)[1]);
      expect(forge.asn1.toDer(foundIssuer as Asn1).getBytes()).toBe(
        forge.asn1.toDer(issuer as Asn1).getBytes(),
      );
      expect(bytesOf(foundSerial)).toEqual(bytesOf(serial));
      try {
        return open(recipient, privateKey);
      } catch {
        return 'closed';
      }
    });
    expect(openings.toSorted()).toEqual(['closed', PRIVATE_OPTIONS].toSorted());
  }
});

test('two times are not the same', async () => {
  const { pem } = makeCertificate();
  expect(await wrap(pem)).not.toEqual(await wrap(pem));
});

describe('no envelope is made', () => {
  const pair = rsaPair();
  test.each([
    ['for a key of a curve', TEST_CERTIFICATE.cert, 'pkcs7: only RSA keys are supported'],
    [
      'for a bare key',
      pair.publicKey.export({ format: 'pem', type: 'spki' }),
      'is not an x509 cert',
    ],
    ['for text', 'text', 'is not an x509 cert'],
    ['for nothing', '', 'is empty'],
    ['after its time', makeCertificate([-3, -1], pair).pem, 'expired on'],
    ['before its time', makeCertificate([1, 3], pair).pem, 'is not valid before'],
  ])('%s', async (_, text, reason) => {
    await expect(wrap(text.toString())).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining(reason) as string,
    });
  });
});
