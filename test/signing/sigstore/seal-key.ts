/** Seals private keys as cosign does, and as no honest tool would. */
import { scryptSync } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { formatPem } from '../../../src/signing/sigstore/pem.ts';

export interface Seal {
  readonly passphrase: Uint8Array;
  /** The cost of scrypt, 32768 unless told. */
  readonly cost?: number;
  readonly label?: string;
  /** 24 bytes; zeros unless told. */
  readonly nonce?: Uint8Array;
  readonly salt?: Uint8Array;
}

/** A sealed key file with the key that is given as PKCS#8 DER. */
export function sealKey(der: Uint8Array, seal: Seal): string {
  const label = seal.label ?? 'ENCRYPTED SIGSTORE PRIVATE KEY';
  return formatPem({ label, content: Buffer.from(JSON.stringify(sealed(der, seal))) });
}

/** The JSON inside. */
export function sealed(der: Uint8Array, { passphrase, cost = 32_768, nonce, salt }: Seal) {
  const saltBytes = salt ?? new Uint8Array(32);
  const nonceBytes = nonce ?? new Uint8Array(24);
  const memory = 256 * 1024 * 1024;
  const key = scryptSync(passphrase, saltBytes, 32, { N: cost, r: 8, p: 1, maxmem: memory });
  return {
    kdf: { name: 'scrypt', params: { N: cost, r: 8, p: 1 }, salt: base64(saltBytes) },
    cipher: { name: 'nacl/secretbox', nonce: base64(nonceBytes) },
    ciphertext: base64(xsalsa20poly1305(key, nonceBytes).encrypt(der)),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
