/** Wraps keys of layers as CMS enveloped data, in the dialect that ocicrypt's library reads. */
import {
  constants,
  createCipheriv,
  publicEncrypt,
  randomBytes,
  type X509Certificate,
} from 'node:crypto';
import forge from 'node-forge';
import { checkValidity, parseCertificate } from './certificate.ts';
import { firstPemBlock, keyError, readKeyFile } from './key-file.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import type { RecipientFile } from './recipient.ts';

type Asn1 = forge.asn1.Asn1;

const { asn1 } = forge;
const { OID, OCTETSTRING, INTEGER, SEQUENCE, SET } = asn1.Type;

const ANNOTATION = 'org.opencontainers.image.enc.keys.pkcs7';

const DATA = '1.2.840.113549.1.7.1';
const ENVELOPED_DATA = '1.2.840.113549.1.7.3';
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const AES_128_GCM = '2.16.840.1.101.3.4.1.6';

/** Bytes of the code that GCM ends with. */
const TAG_LENGTH = 16;

/** @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, KEY_INVALID */
export async function openPkcs7Wrapper(files: readonly RecipientFile[]): Promise<KeyWrapper> {
  const certificates: X509Certificate[] = [];
  for (const { file } of files) certificates.push(readCertificate(await readKeyFile(file), file));
  return {
    annotation: ANNOTATION,
    wrap: async (payload) => {
      const key = randomBytes(16);
      const recipients = certificates.map((certificate) => recipientInfo(certificate, key));
      const content = encryptedContentInfo(payload, key, randomBytes(12));
      return derBytes(
        sequence(oid(ENVELOPED_DATA), explicit(0, envelopedData(recipients, content))),
      );
    },
  };
}

function readCertificate(bytes: Uint8Array, path: string): X509Certificate {
  const certificate = parseCertificate(firstPemBlock(bytes) ?? bytes);
  if (certificate === undefined) {
    throw keyError(
      `File provided is not an x509 cert: ${path}`,
      'name a certificate in PEM or DER; for a bare public key there is jwe:',
    );
  }
  checkValidity(certificate, path);
  if (certificate.publicKey.asymmetricKeyType === 'rsa') return certificate;
  throw keyError(
    `pkcs7: only RSA keys are supported: ${path}`,
    'use a certificate with an RSA key, or jwe: with this one',
  );
}

/** RFC 5652, 6.1, version 0; a SET OF is sorted in DER. */
function envelopedData(recipients: readonly Asn1[], content: Asn1): Asn1 {
  const sorted = recipients.toSorted((left, right) =>
    Buffer.compare(derBytes(left), derBytes(right)),
  );
  return sequence(integer(0), create(SET, sorted), content);
}

/** RFC 5652, 6.2.1; the algorithm stands without parameters, as the reference writes it. */
function recipientInfo({ raw, publicKey }: X509Certificate, contentKey: Uint8Array): Asn1 {
  const { issuer, serial } = issuerAndSerial(raw);
  const padding = constants.RSA_PKCS1_PADDING;
  const encrypted = publicEncrypt({ key: publicKey, padding }, contentKey);
  return sequence(
    integer(0),
    sequence(issuer, serial),
    sequence(oid(RSA_ENCRYPTION)),
    create(OCTETSTRING, encrypted.toString('latin1')),
  );
}

/** Byte for byte as the certificate has them: readers compare. */
function issuerAndSerial(certificate: Uint8Array): {
  readonly issuer: Asn1;
  readonly serial: Asn1;
} {
  const members = membersOf(membersOf(parseDer(certificate))[0]);
  // The version comes first where it is not 1.
  const first = members[0]?.tagClass === asn1.Class.CONTEXT_SPECIFIC ? 1 : 0;
  const [serial, , issuer] = members.slice(first);
  if (!serial || !issuer) throw new TypeError('a certificate without an issuer');
  return { issuer, serial };
}

function parseDer(bytes: Uint8Array): Asn1 {
  return asn1.fromDer(Buffer.from(bytes).toString('latin1'));
}

function membersOf(value: Asn1 | undefined): readonly Asn1[] {
  return Array.isArray(value?.value) ? value.value : [];
}

/**
 * The payload under AES-128-GCM. Its parameters are where the dialect begins: a primitive SEQUENCE
 * around the true one, and the nonce tagged [4]; readers know nothing else (smallstep/pkcs7,
 * encrypt.go). The same key and nonce must never be used for two payloads.
 */
export function encryptedContentInfo(
  payload: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
): Asn1 {
  const cipher = createCipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG_LENGTH });
  const text = [cipher.update(payload), cipher.final(), cipher.getAuthTag()];
  const parameters = sequence(tagged(4, Buffer.from(nonce)), integer(TAG_LENGTH));
  const wrapped = asn1.create(
    asn1.Class.UNIVERSAL,
    SEQUENCE,
    false,
    asn1.toDer(parameters).getBytes(),
  );
  return sequence(oid(DATA), sequence(oid(AES_128_GCM), wrapped), tagged(0, Buffer.concat(text)));
}

export function derBytes(value: Asn1): Uint8Array {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

function create(type: forge.asn1.Type, value: string | readonly Asn1[]): Asn1 {
  const isConstructed = typeof value !== 'string';
  return asn1.create(asn1.Class.UNIVERSAL, type, isConstructed, isConstructed ? [...value] : value);
}

function sequence(...members: readonly Asn1[]): Asn1 {
  return create(SEQUENCE, members);
}

function integer(value: number): Asn1 {
  return create(INTEGER, String.fromCharCode(value));
}

function oid(dotted: string): Asn1 {
  return create(OID, asn1.oidToDer(dotted).getBytes());
}

/** Bytes under a context-specific tag. */
function tagged(tag: number, bytes: Buffer): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, bytes.toString('latin1'));
}

/** One value within a context-specific tag. */
function explicit(tag: number, value: Asn1): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, true, [value]);
}
