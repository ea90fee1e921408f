import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { obtainCertificate } from '../../../src/signing/sigstore/fulcio.ts';
import { formatPem, parsePem } from '../../../src/signing/sigstore/pem.ts';
import { parseIdentityToken } from '../../../src/signing/sigstore/identity-token.ts';
import { createAuthority } from '../../support/sigstore/authority.ts';
import { EMAIL } from '../../support/sigstore/provider.ts';
import type { ServiceAnswer } from '../../support/sigstore/services.ts';
import { thrownBy } from '../../support/thrown.ts';
import { openServices, signal } from './open-services.ts';

const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** The first certificate with a key on a curve that nobody knows. */
function withoutCurve(pem: string): string {
  const [leaf, ...issuers] = parsePem(pem);
  const der = Buffer.from(leaf?.content ?? []).toString('hex');
  const damaged = Buffer.from(der.replace('2a8648ce3d030107', '2a8648ce4d030107'), 'hex');
  return [{ label: 'CERTIFICATE', content: damaged }, ...issuers].map(formatPem).join('');
}

/** Asks for a certificate; `answer` takes the place of Fulcio's. */
async function ask(
  answer?: (honest: string) => ServiceAnswer,
  claims: Readonly<Record<string, unknown>> = {},
) {
  const { services, options } = await openServices();
  const text = await services.provider.token(claims);
  const token = await parseIdentityToken(text);
  if (answer) {
    services.fault = async (_, honest) => answer((await honest()).body as string);
  }
  const service = new URL(services.fulcioURL);
  const certificate = obtainCertificate({ service, token, key }, options, signal);
  return { certificate, services, text, options };
}

describe('a certificate of Fulcio', () => {
  test('is for our key and our name', async () => {
    const { certificate, services } = await ask();
    const { certificate: leaf, chain, validFrom, validTo } = await certificate;
    expect(new X509Certificate(leaf).subjectAltName).toBe(`email:${EMAIL}`);
    expect(new X509Certificate(leaf).checkPrivateKey(key)).toBe(true);
    expect(chain).toBe(services.authority.certificate);
    expect(validTo - validFrom).toBe(660_000);
    expect(services.requests).toEqual(['POST /fulcio/api/v1/signingCert']);
  });

  test('is for the subject where there is no mail address', async () => {
    const { certificate } = await ask(undefined, { email: '', email_verified: false });
    expect(new X509Certificate((await certificate).certificate).subjectAltName).toBe(
      'email:user-1',
    );
  });

  const other = createAuthority();
  const { publicKey: foreign } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issued = (publicKey: KeyObject) =>
    other.issue({ publicKey, email: EMAIL, issuer: 'https://id.test' });
  test.each<readonly [what: string, forge: (honest: string) => string]>([
    ['for another key', () => issued(foreign) + other.certificate],
    ['without who issued it', () => issued(foreign)],
    [
      'from another issuer',
      (honest) => honest.replace(/(END CERTIFICATE-----\n).*/s, `$1${other.certificate}`),
    ],
    [
      'with more than certificates',
      (honest) => honest + key.export({ format: 'pem', type: 'sec1' }),
    ],
    ['whose key is damaged', (honest) => withoutCurve(honest)],
    ['that is none', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['that is nothing', () => ''],
  ])('%s is refused', async (_, forge) => {
    const { certificate } = await ask((honest) => ({ status: 201, body: forge(honest) }));
    expect(await thrownBy(certificate)).toMatchObject({ code: 'SIGNING_FAILED', retryable: false });
  });

  test.each<readonly [status: number, retryable: boolean, requests: number]>([
    [400, false, 1],
    [401, false, 1],
    [200, false, 1],
    [302, false, 1],
    [503, true, 5],
  ])('is asked for, and %i answered', async (status, retryable, requests) => {
    const { certificate, services, text } = await ask();
    services.fault = (request) => ({ status, body: `no: ${request.headers.authorization}` });
    const error = await thrownBy(certificate);
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', retryable, origin: 'config' });
    expect(error.message).toBe(
      `obtaining certificate from Fulcio: POST ${services.fulcioURL}/api/v1/signingCert returned ${status}: "no: Bearer ***"`,
    );
    expect(JSON.stringify(error.context)).not.toContain(text);
    expect(services.requests).toHaveLength(requests);
  });

  test('is not had from where nothing listens', async () => {
    const { services, options } = await openServices();
    const token = await parseIdentityToken(await services.provider.token());
    await services[Symbol.asyncDispose]();
    const service = new URL(services.fulcioURL);
    const error = await thrownBy(obtainCertificate({ service, token, key }, options, signal));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', origin: 'config', retryable: true });
    expect(error.hint).toContain('--sign-by-sigstore');
  });
});
