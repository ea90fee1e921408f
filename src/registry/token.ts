/** Gets bearer tokens from the token server that a challenge names. */
import type { Credentials } from '../config/credentials.ts';
import { OcipushError, withDetails } from '../errors.ts';
import { parseJsonObject } from '../io/bounded-json.ts';
import type { Challenge } from './challenge.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './http.ts';
import { errorText, isTransient, statusError } from './answer-error.ts';

/** How the reference names itself to token servers. */
const CLIENT_ID = 'containers/image';
/** Seconds a token lives at least, and when the server does not say (the token specification). */
const MINIMUM_LIFETIME = 60;

export interface Token {
  readonly value: string;
  /** Seconds from when it was received. */
  readonly lifetime: number;
}

export interface TokenRequest {
  readonly challenge: Challenge;
  /** In order: some servers honour only the first. */
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly registry: URL;
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

/**
 * @throws OcipushError REGISTRY_UNAUTHORIZED for wrong credentials, REGISTRY_ANSWER_INVALID for a
 * challenge or an answer that makes no sense
 */
export async function requestToken(http: HttpClient, wanted: TokenRequest): Promise<Token> {
  const response = await http.send(tokenRequest(wanted));
  if (response.status !== 200) throw refusal(response, wanted.credentials);
  const token = readToken(response.body);
  if (token !== undefined) return token;
  throw new OcipushError(
    'REGISTRY_ANSWER_INVALID',
    `requesting bearer token from ${response.url.host}: the answer holds no token`,
    { origin: 'destination' },
  );
}

function readToken(body: Uint8Array): Token | undefined {
  try {
    const answer = parseJsonObject(body, 'the token');
    const value = answer['token'] || answer['access_token'];
    if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) return undefined;
    const lifetime = Number(answer['expires_in'] ?? MINIMUM_LIFETIME);
    return { value, lifetime: lifetime >= MINIMUM_LIFETIME ? lifetime : MINIMUM_LIFETIME };
  } catch {
    // The fault is not passed on, for it may quote the token.
    return undefined;
  }
}

function tokenRequest(wanted: TokenRequest): HttpRequest {
  const { credentials, signal } = wanted;
  const url = realmOf(wanted.challenge, wanted.registry);
  const headers = { 'user-agent': wanted.userAgent };
  const parameters = new URLSearchParams(url.search);
  const service = wanted.challenge.parameters.get('service');
  if (service) parameters.set('service', service);
  for (const scope of wanted.scopes) parameters.append('scope', scope);
  if (credentials?.kind === 'identity-token') {
    parameters.set('client_id', CLIENT_ID);
    parameters.set('grant_type', 'refresh_token');
    parameters.set('refresh_token', credentials.token);
    url.search = '';
    return {
      method: 'POST',
      url,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(parameters.toString()),
      signal,
    };
  }
  if (credentials?.user) parameters.set('account', credentials.user);
  url.search = parameters.toString();
  const isWhole =
    credentials !== undefined && credentials.user !== '' && credentials.password !== '';
  const authorization = isWhole && { authorization: basicAuthorization(credentials) };
  return { method: 'GET', url, headers: { ...headers, ...authorization }, signal };
}

/** Where tokens are had; a realm of an unusable scheme is looked for at the registry itself. */
function realmOf(challenge: Challenge, registry: URL): URL {
  const realm = challenge.parameters.get('realm');
  if (!realm) throw badRealm('missing realm in bearer auth challenge', registry);
  if (!URL.canParse(realm, registry.href)) throw badRealm(`invalid realm "${realm}"`, registry);
  const url = new URL(realm, registry);
  if (url.protocol === 'http:' && registry.protocol === 'https:') {
    throw badRealm(`"${url.origin}" would send the password in plain text`, registry);
  }
  if (/^https?:$/.test(url.protocol)) return url;
  const own = new URL(registry);
  own.pathname = url.pathname;
  own.search = url.search;
  return own;
}

function badRealm(what: string, registry: URL): OcipushError {
  return new OcipushError(
    'REGISTRY_ANSWER_INVALID',
    `authenticating with ${registry.host}: ${what}`,
    { origin: 'destination' },
  );
}

export function basicAuthorization(credentials: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
}

function refusal(response: HttpResponse, credentials: Credentials | undefined): OcipushError {
  if (response.status !== 401) {
    const error = statusError(response, 'requesting bearer token');
    return withDetails(error, { retryable: isTransient(error) });
  }
  return new OcipushError(
    'REGISTRY_UNAUTHORIZED',
    `unable to retrieve auth token: invalid username/password: ${errorText(response)}`,
    {
      origin: 'destination',
      hint: credentials
        ? 'the registry does not accept this user and password'
        : 'give --creds USER:PASSWORD or an auth file with --authfile',
    },
  );
}
