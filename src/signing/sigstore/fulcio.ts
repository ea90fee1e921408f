/** Gets certificates from Fulcio for keys that live as long as a push. */
import { sign, X509Certificate, type KeyObject } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import type { IdentityToken } from './identity-token.ts';
import { endpointBelow } from './oidc-provider.ts';
import { formatPem, parsePem, type PemBlock } from './pem.ts';
import { publicDer } from './private-key.ts';
import { askService, badAnswer, type ServiceOptions } from './service.ts';

/** A certificate as it goes into a signature. */
export interface SigningCertificate {
  readonly certificate: string;
  /** Of who issued it, up to a root. */
  readonly chain: string;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
}

const ATTEMPT = 'obtaining certificate from Fulcio';

/**
 * Asks for a certificate (Fulcio's API v1, `POST /api/v1/signingCert`) for an ECDSA key.
 * @throws OcipushError SIGNING_FAILED, also when the certificate is for another key
 */
export async function obtainCertificate(
  { service, token, key }: { service: URL; token: IdentityToken; key: KeyObject },
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<SigningCertificate> {
  const proof = sign('sha256', Buffer.from(token.subject), key);
  const body = JSON.stringify({
    publicKey: { content: base64(publicDer(key)), algorithm: 'ecdsa' },
    signedEmailAddress: base64(proof),
    certificateSigningRequest: null,
  });
  const response = await askService(
    {
      method: 'POST',
      url: endpointBelow(service, 'api/v1/signingCert'),
      headers: {
        accept: 'application/pem-certificate-chain',
        authorization: `Bearer ${token.text}`,
        'content-type': 'application/json',
      },
      body: Buffer.from(body),
      accept: [201],
      attempt: ATTEMPT,
      secrets: [token.text],
    },
    options,
    signal,
  );
  return readCertificate(Buffer.from(response.body).toString('latin1'), key);
}

function readCertificate(answer: string, key: KeyObject): SigningCertificate {
  const [leaf, ...issuers] = parsePem(answer).map(parseCertificate);
  if (leaf === undefined) throw badAnswer(ATTEMPT, 'the answer holds no certificate');
  if (issuers.length === 0) throw badAnswer(ATTEMPT, 'the answer does not say who issued it');
  if (!leaf.publicKey.export({ format: 'der', type: 'spki' }).equals(publicDer(key))) {
    throw badAnswer(ATTEMPT, 'the certificate is for another key');
  }
  let issued = leaf;
  for (const issuer of issuers) {
    const { certificate } = issued;
    if (!certificate.checkIssued(issuer.certificate) || !certificate.verify(issuer.publicKey)) {
      throw badAnswer(ATTEMPT, 'the certificates are no chain');
    }
    issued = issuer;
  }
  const { validFrom, validTo } = leaf.certificate;
  return {
    certificate: pemOf(leaf),
    chain: issuers.map(pemOf).join(''),
    validFrom: Date.parse(validFrom),
    validTo: Date.parse(validTo),
  };
}

/** The key of a certificate is read only when it is asked for, and may be damaged. */
interface ReadCertificate {
  readonly certificate: X509Certificate;
  readonly publicKey: KeyObject;
}

function parseCertificate({ label, content }: PemBlock): ReadCertificate {
  if (label !== 'CERTIFICATE') throw badAnswer(ATTEMPT, `the answer holds a ${label}`);
  try {
    const certificate = new X509Certificate(content);
    return { certificate, publicKey: certificate.publicKey };
  } catch (error) {
    throw badAnswer(ATTEMPT, `parsing the certificate: ${messageOf(error)}`);
  }
}

function pemOf({ certificate }: ReadCertificate): string {
  return formatPem({ label: 'CERTIFICATE', content: certificate.raw });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
