/** Certificates of recipients (X.509), read and checked as far as encrypting needs it. */
import { X509Certificate } from 'node:crypto';
import { keyError } from './key-file.ts';

/** A certificate in DER with a key that can be read; undefined for any other bytes. */
export function parseCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(der);
    // The key in it is looked at only when it is asked for.
    return certificate.publicKey.type === 'public' ? certificate : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Who issued it and what it is for is not asked: its owner is who the user says.
 * @throws OcipushError KEY_INVALID outside its time
 */
export function checkValidity({ validFrom, validTo }: X509Certificate, path: string): void {
  const now = Date.now();
  if (now > Date.parse(validTo)) {
    throw keyError(`the certificate in ${path} expired on ${validTo}`, RENEW);
  }
  if (now < Date.parse(validFrom)) {
    throw keyError(`the certificate in ${path} is not valid before ${validFrom}`, RENEW);
  }
}

const RENEW = 'ask the recipient for a certificate that is valid now, or set the clock';
