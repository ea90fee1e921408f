/** OpenID Connect ID tokens: who they say that the user is. */
import { OcipushError } from '../../errors.ts';

/** OpenID Connect Core 1.0, section 2, as far as a signer needs it. */
export interface IdentityToken {
  /** The token itself: whoever has it can sign as the user. */
  readonly text: string;
  /** What a certificate is for: the user's mail address, else the subject. */
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** In the header of a request, where a line end would begin another one. */
const PLAIN = /^[\w.-]+$/;

/**
 * Reads a token without verifying it: that is for the service which is shown it.
 * @throws OcipushError SIGNING_FAILED, without the token
 */
export async function parseIdentityToken(text: string): Promise<IdentityToken> {
  const claims = PLAIN.test(text) ? await decode(text) : undefined;
  if (claims === undefined) throw invalid('it is no token in three parts');
  return { text, subject: subjectOf(claims), claims };
}

async function decode(text: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { decodeJwt } = await import('jose/jwt/decode');
  try {
    return text.split('.').length === 3 ? decodeJwt(text) : undefined;
  } catch {
    return undefined;
  }
}

function subjectOf(claims: Readonly<Record<string, unknown>>): string {
  const { email, email_verified: verified, sub } = claims;
  if (typeof email === 'string' && email !== '') {
    if (verified === true || verified === 'true') return email;
    throw invalid('the mail address is not verified by identity provider');
  }
  if (typeof sub === 'string' && sub !== '') return sub;
  throw invalid('no subject found in claims');
}

/**
 * Checks that a token was made by this issuer for this client, and in answer to this request.
 * @throws OcipushError SIGNING_FAILED
 */
export function checkAudience(
  { claims }: IdentityToken,
  expected: { readonly issuer: URL; readonly clientID: string; readonly nonce?: string },
): void {
  const { iss, aud, nonce } = claims;
  if (!isSameIssuer(iss, expected.issuer)) throw invalid('it is from another issuer');
  if (![aud].flat().includes(expected.clientID)) throw invalid('it is for another client');
  if (expected.nonce !== undefined && nonce !== expected.nonce) {
    throw invalid('it answers another request');
  }
}

/** Issuers are compared as text, but for what URL adds to a host alone. */
export function isSameIssuer(found: unknown, issuer: URL): boolean {
  return typeof found === 'string' && found.replace(/\/$/, '') === issuer.href.replace(/\/$/, '');
}

/** Seconds since the epoch when the token ends; undefined when it does not say. */
export function expiryOf({ claims }: IdentityToken): number | undefined {
  return typeof claims['exp'] === 'number' ? claims['exp'] : undefined;
}

function invalid(problem: string): OcipushError {
  return new OcipushError('SIGNING_FAILED', `reading the OIDC ID token: ${problem}`, {
    origin: 'config',
    hint: 'get a fresh ID token, whose audience is sigstore, from the identity provider',
  });
}
