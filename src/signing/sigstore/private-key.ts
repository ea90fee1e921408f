/** Private keys that sign for sigstore: read from files, and put to use. */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { messageOf, OcipushError, wrapError } from '../../errors.ts';
import { readSmallFile } from '../../io/file-reader.ts';
import type { AskPassphrase } from '../passphrase.ts';
import { formatPem, parsePem, type PemBlock } from './pem.ts';
import { openSealedKey } from './sealed-key.ts';

/** Bytes: several times what a sealed RSA key of 8192 bits takes. */
const FILE_LIMIT = 64 * 1024;

/** cosign writes the first since version 2; skopeo, and cosign before, the second. */
const SEALED: readonly string[] = [
  'ENCRYPTED SIGSTORE PRIVATE KEY',
  'ENCRYPTED COSIGN PRIVATE KEY',
];

/** The reference takes none of these; they serve where keys are kept by other means. */
const PLAIN: ReadonlyMap<string, 'pkcs8' | 'sec1' | 'pkcs1'> = new Map([
  ['PRIVATE KEY', 'pkcs8'],
  ['EC PRIVATE KEY', 'sec1'],
  ['RSA PRIVATE KEY', 'pkcs1'],
]);

const CURVES: readonly unknown[] = ['prime256v1', 'secp384r1', 'secp521r1'];

/**
 * Reads the private key in a PEM file: one that cosign or skopeo made, or a plain one.
 * @throws OcipushError KEY_INVALID, also when the passphrase is wrong; FILE_NOT_FOUND,
 * FILE_UNREADABLE
 */
export async function readPrivateKey(
  file: string,
  passphrase: AskPassphrase,
  signal: AbortSignal,
): Promise<KeyObject> {
  const text = await readSmallFile(file, FILE_LIMIT).catch((error: unknown) => {
    const attempt = `reading private key from ${file}`;
    throw wrapError(error, attempt, { code: 'FILE_UNREADABLE', origin: 'config' });
  });
  try {
    const [block] = parsePem(Buffer.from(text).toString('latin1'));
    if (block === undefined) throw invalid('invalid pem block', 'name the file of a private key');
    return checked(await openBlock(block, passphrase, signal));
  } catch (error) {
    const attempt = `initializing private key ${file}`;
    throw wrapError(error, attempt, { code: 'KEY_INVALID', origin: 'config' });
  }
}

async function openBlock(
  { label, content }: PemBlock,
  passphrase: AskPassphrase,
  signal: AbortSignal,
): Promise<KeyObject> {
  if (SEALED.includes(label)) {
    return parseKey(await openSealedKey(content, await passphrase(signal)), 'pkcs8');
  }
  const type = PLAIN.get(label);
  if (type !== undefined) return parseKey(content, type);
  throw invalid(
    `unsupported pem type: ${label}`,
    'import the key with cosign import-key-pair, and name the file that it writes',
  );
}

function parseKey(der: Uint8Array, type: 'pkcs8' | 'sec1' | 'pkcs1'): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type });
  } catch (error) {
    throw invalid(`parsing private key: ${messageOf(error)}`, 'the key is damaged: use another');
  }
}

function checked(key: KeyObject): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519' || type === 'rsa') return key;
  if (type === 'ec' && CURVES.includes(details?.namedCurve)) return key;
  throw invalid('unsupported key type', 'use an ECDSA (P-256, P-384, P-521), RSA or Ed25519 key');
}

/** The signature that sigstore wants of a key: SHA-256 on every curve, PKCS#1 v1.5, plain Ed25519. */
export function signBytes(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return sign(hashFor(key), bytes, key);
}

/** Whether {@link signBytes} made the signature, with the private half of this key. */
export function isSignature(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(hashFor(key), bytes, key, signature);
}

function hashFor(key: KeyObject): 'sha256' | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

/** The public half of a key in PEM form. */
export function publicPem(key: KeyObject): string {
  return formatPem({ label: 'PUBLIC KEY', content: publicDer(key) });
}

/** The public half of a key as SPKI DER. */
export function publicDer(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ format: 'der', type: 'spki' });
}

function invalid(message: string, hint: string): OcipushError {
  return new OcipushError('KEY_INVALID', message, { origin: 'config', hint });
}
