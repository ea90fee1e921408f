/** Certificates for tests, each with the private key that it belongs to. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { rsaPair, type KeyPair } from '../../support/key-pairs.ts';

export interface TestCertificate {
  readonly pem: string;
  readonly privateKey: KeyObject;
}

const DAY = 24 * 60 * 60 * 1000;

/** Signed by itself, from days before now to days after it. */
export function makeCertificate(
  [from, to]: readonly [from: number, to: number] = [-1, 1],
  pair: KeyPair = rsaPair(),
): TestCertificate {
  const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs1' }).toString();
  const privateKey = forge.pki.privateKeyFromPem(pem);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.rsa.setPublicKey(privateKey.n, privateKey.e);
  // Of more than one byte, and as a negative number without the zero before it.
  certificate.serialNumber = '00ff01';
  certificate.validity.notBefore = new Date(Date.now() + from * DAY);
  certificate.validity.notAfter = new Date(Date.now() + to * DAY);
  const names = [{ shortName: 'CN', value: 'Jörg', valueTagClass: forge.asn1.Type.UTF8 }];
  certificate.setSubject(names as unknown as forge.pki.CertificateField[]);
  certificate.setIssuer(names as unknown as forge.pki.CertificateField[]);
  certificate.sign(privateKey, forge.md.sha256.create());
  return { pem: forge.pki.certificateToPem(certificate), privateKey: createPrivateKey(pem) };
}
