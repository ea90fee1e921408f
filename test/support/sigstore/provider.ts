/** An OpenID provider whose user agrees to everything, or as a test says. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import type { Service, ServiceAnswer, ServiceRequest } from './services.ts';

export interface Provider {
  readonly issuer: string;
  readonly serve: Service;
  /** An ID token for `sigstore` with these claims beside, or in the place of, the usual ones. */
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Whom a token of this provider is for; undefined when it is none. */
  emailIn(token: string): Promise<string | undefined>;
  /** What the token endpoint says to the device before the user agrees. */
  readonly patience: string[];
}

export const EMAIL = 'me@example.com';
export const CLIENT_ID = 'sigstore';
const DEVICE_CODE = 'device-code-of-the-test';
const AUTHORIZATION_CODE = 'authorization-code-of-the-test';

export async function createProvider(issuer: string): Promise<Provider> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  /** By code: the challenge to which its verifier must fit, and the nonce. */
  const grants = new Map<string, { challenge: string; nonce?: string; redirect?: string }>();
  const patience: string[] = [];
  const token = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    new SignJWT({ ...usualClaims(issuer), ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setExpirationTime('10m')
      .sign(privateKey);
  const exchange = async (form: URLSearchParams): Promise<ServiceAnswer> => {
    const code = form.get('device_code') ?? form.get('code') ?? '';
    const grant = grants.get(code);
    const verifier = createHash('sha256').update(form.get('code_verifier') ?? '');
    if (grant?.challenge !== verifier.digest('base64url')) return refusal('invalid_grant');
    if (grant.redirect !== (form.get('redirect_uri') ?? undefined)) return refusal('invalid_grant');
    if (form.has('device_code') && patience.length > 0) return refusal(patience.shift() ?? '');
    grants.delete(code);
    const nonce = grant.nonce === undefined ? {} : { nonce: grant.nonce };
    return { status: 200, body: { access_token: 'x', id_token: await token(nonce) } };
  };
  const startDevice = (form: URLSearchParams): ServiceAnswer => {
    grants.set(DEVICE_CODE, { challenge: challengeIn(form) });
    const body = {
      device_code: DEVICE_CODE,
      user_code: 'ABCD-EFGH',
      verification_uri: `${issuer}/device-page`,
      expires_in: 300,
      interval: 3,
    };
    return { status: 200, body };
  };
  const authorize = (query: URLSearchParams): ServiceAnswer => {
    const redirect = query.get('redirect_uri') ?? '';
    const nonce = query.get('nonce') ?? '';
    grants.set(AUTHORIZATION_CODE, { challenge: challengeIn(query), nonce, redirect });
    const location = new URL(redirect);
    location.searchParams.set('state', query.get('state') ?? '');
    location.searchParams.set('code', AUTHORIZATION_CODE);
    return { status: 302, headers: { location: location.href } };
  };
  return {
    issuer,
    patience,
    token,
    emailIn: async (text) => {
      try {
        const { payload } = await jwtVerify(text, publicKey, { issuer, audience: CLIENT_ID });
        const { email } = payload;
        return typeof email === 'string' && email !== '' ? email : payload.sub;
      } catch {
        return undefined;
      }
    },
    serve: (request: ServiceRequest) => {
      const form = new URLSearchParams(request.body);
      switch (`${request.method} ${request.path}`) {
        case 'GET /.well-known/openid-configuration':
          return {
            status: 200,
            body: {
              issuer,
              authorization_endpoint: `${issuer}/auth`,
              device_authorization_endpoint: `${issuer}/device`,
              token_endpoint: `${issuer}/token`,
            },
          };
        case 'POST /device':
          return isClient(form) ? startDevice(form) : refusal('invalid_client');
        case 'GET /auth':
          return isClient(request.query) ? authorize(request.query) : refusal('invalid_client');
        case 'POST /token':
          return isClient(form) ? exchange(form) : refusal('invalid_client');
        default:
          return { status: 404 };
      }
    },
  };
}

function usualClaims(issuer: string): Readonly<Record<string, unknown>> {
  return { iss: issuer, aud: CLIENT_ID, email: EMAIL, email_verified: true, sub: 'user-1' };
}

function isClient(fields: URLSearchParams): boolean {
  return fields.get('client_id') === CLIENT_ID;
}

function challengeIn(fields: URLSearchParams): string {
  return fields.get('code_challenge_method') === 'S256' ? (fields.get('code_challenge') ?? '') : '';
}

function refusal(error: string): ServiceAnswer {
  return { status: 400, body: { error } };
}
