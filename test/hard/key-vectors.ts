/** Keys of fixtures/keys, which guard nothing. */
import { readFileSync } from 'node:fs';

interface KeyVectors {
  /** An ECDSA key, a certificate for it, and that of who issued it; in PEM form. */
  readonly key: string;
  readonly leaf: string;
  readonly root: string;
  /** Of the payload of test/signing/sigstore/vectors.ts, by the key; base64. */
  readonly signature: string;
  readonly logKey: string;
  /** The answer of the log to that signature. */
  readonly logEntry: string;
  /** A private key, sealed as cosign does: JSON. */
  readonly sealed: string;
  readonly rsaCertificate: string;
  /** Armored public keys. */
  readonly pgpRsa: string;
  readonly pgpCurve: string;
  /** The private half of {@link pgpCurve}. */
  readonly pgpPrivate: string;
}

export const KEYS = JSON.parse(
  readFileSync(new URL('../../fixtures/keys/vectors.json', import.meta.url), 'utf8'),
) as KeyVectors;
