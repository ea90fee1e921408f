/** Public keys of recipients: DER, PEM, JWK, or the one in a certificate. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../io/bounded-json.ts';
import { checkValidity, parseCertificate } from './certificate.ts';
import { firstPemBlock, keyError } from './key-file.ts';

export interface PublicKey {
  readonly key: KeyObject;
  /** What a JWK says of itself (RFC 7517, 4.4 and 4.5). */
  readonly algorithm?: string | undefined;
  readonly keyID?: string | undefined;
}

/**
 * Reads a public key as ocicrypt does (utils.go), and the one of a certificate besides.
 * @param path names it in errors
 * @throws OcipushError KEY_INVALID for anything else, and for private keys above all
 */
export function parsePublicKey(bytes: Uint8Array, path: string): PublicKey {
  const der = firstPemBlock(bytes) ?? bytes;
  const key = parseSubjectPublicKey(der);
  if (key) return { key };
  const certificate = parseCertificate(der);
  if (certificate) {
    checkValidity(certificate, path);
    return { key: certificate.publicKey };
  }
  const jwk = parseObject(bytes);
  if (jwk) return parseJwk(jwk, path);
  throw notPublic(path);
}

/** Told that it is a SubjectPublicKeyInfo, Node takes no private key for a public one. */
function parseSubjectPublicKey(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function parseJwk(jwk: JsonObject, path: string): PublicKey {
  if (jwk['d'] !== undefined || jwk['kty'] === 'oct') throw notPublic(path);
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    return { key, algorithm: textOf(jwk['alg']), keyID: textOf(jwk['kid']) };
  } catch {
    throw notPublic(path);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** In the reference's words; without a cause, which could quote a private key. */
function notPublic(path: string): Error {
  return keyError(
    `File provided is not a public key: ${path}`,
    'name a public key in PEM, DER or JWK; of a private one: openssl pkey -in KEY -pubout',
  );
}
