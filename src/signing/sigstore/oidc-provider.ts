/** An OpenID Connect provider: where its endpoints are, and the tokens that it gives. */
import { createHash, randomBytes } from 'node:crypto';
import type { HttpResponse } from '../../registry/http.ts';
import type { JsonObject } from '../../io/bounded-json.ts';
import { isSameIssuer, parseIdentityToken, type IdentityToken } from './identity-token.ts';
import { answerObject, askService, badAnswer, type ServiceOptions } from './service.ts';

/** Who asks a provider for a token, and on whose behalf. */
export interface OidcClient {
  readonly issuer: URL;
  readonly clientID: string;
  /** Empty for public clients, which have none. */
  readonly clientSecret: string;
}

/** OpenID Connect Discovery 1.0, section 4, as far as it was asked for. */
export interface OidcEndpoints {
  readonly token: URL;
  readonly authorization: URL | undefined;
  readonly deviceAuthorization: URL | undefined;
}

export const SCOPE = 'openid email';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** @throws OcipushError SIGNING_FAILED, also when another issuer answers */
export async function discoverEndpoints(
  { issuer }: OidcClient,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<OidcEndpoints> {
  const attempt = 'discovering the OIDC provider';
  const url = endpointBelow(issuer, '.well-known/openid-configuration');
  const response = await askService(
    { method: 'GET', url, accept: [200], attempt },
    options,
    signal,
  );
  const members = answerObject(response, attempt);
  if (!isSameIssuer(members['issuer'], issuer)) {
    throw badAnswer(attempt, 'the issuer that answers has another name');
  }
  const token = addressAt(members, 'token_endpoint', issuer);
  if (token === undefined) throw badAnswer(attempt, 'there is no usable token_endpoint');
  return {
    token,
    authorization: addressAt(members, 'authorization_endpoint', issuer),
    deviceAuthorization: addressAt(members, 'device_authorization_endpoint', issuer),
  };
}

/** An address below that of a service, which may have a path of its own. */
export function endpointBelow(service: URL, path: string): URL {
  return new URL(`${service.origin}${service.pathname.replace(/\/$/, '')}/${path}`);
}

/** Codes are not sent in plain text by who was found over TLS. */
function addressAt(members: JsonObject, name: string, issuer: URL): URL | undefined {
  const text = members[name];
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === issuer.protocol ? url : undefined;
}

/** Proof Key for Code Exchange (RFC 7636), method S256. */
export interface CodeProof {
  readonly verifier: string;
  readonly challenge: string;
}

export function createCodeProof(): CodeProof {
  const verifier = randomText();
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** 256 bits that nobody can guess, in characters that stand for themselves in a URL. */
export function randomText(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Sends a form; the answer of an endpoint that says no comes with status 400 or 401, where RFC 6749,
 * 5.2 puts its reason.
 * @throws OcipushError SIGNING_FAILED
 */
export function sendForm(
  request: { readonly url: URL; readonly attempt: string },
  fields: Readonly<Record<string, string>>,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const body = Buffer.from(new URLSearchParams(fields).toString());
  const secrets = Object.values(fields).filter((value) => value.length >= 16);
  const accept = [200, 400, 401];
  return askService(
    { ...request, method: 'POST', headers: FORM, body, accept, secrets },
    options,
    signal,
  );
}

/** The fields by which a client shows who it is. */
export function clientFields({ clientID, clientSecret }: OidcClient): Record<string, string> {
  return { client_id: clientID, ...(clientSecret !== '' && { client_secret: clientSecret }) };
}

/** The error code of an answer to a form (RFC 6749, 5.2); undefined when it was accepted. */
export function oauthError(response: HttpResponse, attempt: string): string | undefined {
  if (response.status === 200) return undefined;
  const { error } = answerObject(response, attempt);
  return typeof error === 'string' && /^\w{1,64}$/.test(error) ? error : 'invalid_answer';
}

/** The ID token in the answer of a token endpoint. @throws OcipushError SIGNING_FAILED */
export function readTokenAnswer(response: HttpResponse, attempt: string): Promise<IdentityToken> {
  const { id_token: token } = answerObject(response, attempt);
  if (typeof token !== 'string') throw badAnswer(attempt, 'the answer holds no ID token');
  return parseIdentityToken(token);
}
