/** A certificate authority as Fulcio has one: RSA above, certificates for ECDSA keys below. */
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import forge from 'node-forge';

export interface Authority {
  readonly certificate: string;
  /** A certificate for ten minutes from now, in PEM form. */
  issue(wish: CertificateWish): string;
}

export interface CertificateWish {
  readonly publicKey: KeyObject;
  readonly email: string;
  /** The OpenID provider that knows the user (Fulcio's extension 1.3.6.1.4.1.57264.1.1). */
  readonly issuer: string;
  /** Milliseconds from now until it ends; ten minutes unless told. */
  readonly lifetime?: number;
}

type Certificate = forge.pki.Certificate & { siginfo: { algorithmOid?: string } };

const { asn1 } = forge;
/** The types lack what is needed. */
const pki = forge.pki as typeof forge.pki & {
  getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1;
};
const SHA256_RSA = pki.oids['sha256WithRSAEncryption'] ?? '';
const NAME = [{ name: 'commonName', value: 'ocipush test authority' }];
const YEAR = 365 * 24 * 3600 * 1000;

export function createAuthority(): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const root = plainCertificate(publicKey, Date.now() - YEAR, Date.now() + YEAR);
  root.setSubject(NAME);
  root.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]);
  return {
    certificate: signed(root, publicKey, privateKey),
    issue: ({ publicKey: holder, email, issuer, lifetime = 600_000 }) => {
      const leaf = plainCertificate(publicKey, Date.now() - 60_000, Date.now() + lifetime);
      leaf.setExtensions([
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', codeSigning: true },
        { name: 'subjectAltName', altNames: [{ type: 1, value: email }], critical: true },
        { id: '1.3.6.1.4.1.57264.1.1', value: issuer },
      ]);
      return signed(leaf, holder, privateKey);
    },
  };
}

function plainCertificate(publicKey: KeyObject, from: number, to: number): Certificate {
  const certificate = pki.createCertificate() as Certificate;
  // forge knows RSA alone: the key that is meant takes the place of this one below.
  certificate.publicKey = pki.publicKeyFromPem(pemOf(publicKey));
  certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(8))}`;
  certificate.validity.notBefore = new Date(from);
  certificate.validity.notAfter = new Date(to);
  certificate.setIssuer(NAME);
  certificate.signatureOid = SHA256_RSA;
  certificate.siginfo.algorithmOid = SHA256_RSA;
  return certificate;
}

/** Of the members of a TBSCertificate (RFC 5280, 4.1), the seventh is the key. */
const KEY_MEMBER = 6;

function signed(certificate: Certificate, holder: KeyObject, authority: KeyObject): string {
  const { Class, Type } = asn1;
  const tbs = pki.getTBSCertificate(certificate);
  const spki = holder.export({ format: 'der', type: 'spki' }).toString('latin1');
  (tbs.value as forge.asn1.Asn1[])[KEY_MEMBER] = asn1.fromDer(spki);
  const bytes = Buffer.from(asn1.toDer(tbs).getBytes(), 'latin1');
  const signature = createSign('sha256').update(bytes).sign(authority).toString('latin1');
  const algorithm = asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [
    asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(SHA256_RSA).getBytes()),
    asn1.create(Class.UNIVERSAL, Type.NULL, false, ''),
  ]);
  const whole = asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [
    tbs,
    algorithm,
    asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, `\0${signature}`),
  ]);
  return forge.pem
    .encode({ type: 'CERTIFICATE', body: asn1.toDer(whole).getBytes() })
    .replaceAll('\r', '');
}

function pemOf(key: KeyObject): string {
  return String(key.export({ format: 'pem', type: 'spki' }));
}
