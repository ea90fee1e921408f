/** A token server whose signed tokens a real registry verifies (distribution docs, spec/auth/jwt.md). */
import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { basicCredentials } from './registry/auth.ts';
import { TEST_CERTIFICATE } from './registry/certificate.ts';

export interface JwtServerOptions {
  readonly user: string;
  readonly password: string;
  /** Accepted in place of the password, as `refresh_token` in a POST. */
  readonly identityToken: string;
  /** Repositories for which nobody is given a token: the whole request is refused with 404. */
  readonly unknown?: readonly string[];
}

export interface JwtServer extends AsyncDisposable {
  /** What a registry must know to send its clients here. */
  readonly settings: { realm: string; service: string; issuer: string; certificate: string };
  /** `GET` or `POST`, and the scopes that were asked for, of each request. */
  readonly requests: readonly string[];
}

const SERVICE = 'registry.test';
const ISSUER = 'issuer.test';

export async function startJwtServer(options: JwtServerOptions): Promise<JwtServer> {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const parameters = await parametersOf(request);
    const scopes = parameters.getAll('scope');
    requests.push([request.method, ...scopes].join(' '));
    const isUnknown = options.unknown?.some((name) =>
      scopes.some((scope) => scope.includes(`:${name}:`)),
    );
    if (isUnknown) response.writeHead(404).end();
    else if (!isKnown(request, parameters, options)) response.writeHead(401).end();
    else {
      const field = request.method === 'POST' ? 'access_token' : 'token';
      const token = { [field]: tokenFor(options.user, scopes), expires_in: 300 };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(token));
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const realm = `http://127.0.0.1:${port}/token?from=here`;
  return {
    settings: { realm, service: SERVICE, issuer: ISSUER, certificate: TEST_CERTIFICATE.cert },
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function parametersOf(request: IncomingMessage): Promise<URLSearchParams> {
  if (request.method === 'POST') return new URLSearchParams(await text(request));
  return new URL(request.url ?? '', 'http://here').searchParams;
}

/** The realm's own query must be kept. */
function isKnown(
  { method, headers }: IncomingMessage,
  parameters: URLSearchParams,
  { user, password, identityToken }: JwtServerOptions,
): boolean {
  if (parameters.get('service') !== SERVICE || parameters.get('from') !== 'here') return false;
  if (method !== 'POST') return headers.authorization === basicCredentials(user, password);
  const isRefresh = parameters.get('grant_type') === 'refresh_token';
  return isRefresh && parameters.get('refresh_token') === identityToken;
}

/** JWS, RFC 7515, with the certificate of its key in `x5c`. */
function tokenFor(subject: string, scopes: readonly string[]): string {
  const now = Math.floor(Date.now() / 1000);
  const certificate = new X509Certificate(TEST_CERTIFICATE.cert).raw.toString('base64');
  const header = { typ: 'JWT', alg: 'ES256', x5c: [certificate] };
  const claims = {
    iss: ISSUER,
    sub: subject,
    aud: SERVICE,
    iat: now,
    nbf: now - 10,
    exp: now + 300,
    jti: randomUUID(),
    access: scopes.map((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    }),
  };
  const signed = [header, claims].map((part) => base64url(JSON.stringify(part))).join('.');
  const key = createPrivateKey(TEST_CERTIFICATE.key);
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${base64url(signature)}`;
}

function base64url(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url');
}
