/** Gives out bearer tokens: opaque, bound to scopes, and valid for a while. */
import { randomBytes } from 'node:crypto';
import { json, text, type Answer } from './answer.ts';
import { basicCredentials, SERVICE, type BearerAuth } from './auth.ts';
import { plant } from '../secrets.ts';
import type { Exchange } from './exchange.ts';

interface Grant {
  readonly expiresAt: number;
  /** Each as `repository:action`. */
  readonly actions: ReadonlySet<string>;
}

/** The `/token` endpoint (distribution docs, spec/auth/token.md and oauth.md). */
export class TokenServer {
  readonly #auth: BearerAuth | undefined;
  readonly #grants = new Map<string, Grant>();
  readonly #issued = new Map<string, () => void>();

  constructor(auth: BearerAuth | undefined) {
    this.#auth = auth;
  }

  async answer(exchange: Exchange): Promise<Answer> {
    if (this.#auth === undefined) return text(404, '404 page not found');
    if (exchange.method === 'POST') return this.#oauth(exchange, this.#auth);
    return this.#basic(exchange, this.#auth);
  }

  /** A token for scopes such as `repository:a/b:pull,push`. */
  issue(scopes: readonly string[], onlyPull = false): string {
    const token = randomBytes(24).toString('base64url');
    const expiresAt = Date.now() + this.#lifetimeSeconds * 1000;
    const actions = new Set(scopes.flatMap((scope) => actionsIn(scope, onlyPull)));
    this.#grants.set(token, { expiresAt, actions });
    this.#issued.set(token, plant('a bearer token', token));
    return token;
  }

  /** All tokens that were ever given out. */
  get issued(): readonly string[] {
    return [...this.#issued.keys()];
  }

  /** Has nobody look for its tokens any more. */
  forget(): void {
    for (const unplant of this.#issued.values()) unplant();
  }

  /** What a token allows, each as `repository:action`; undefined when unknown or expired. */
  granted(token: string): ReadonlySet<string> | undefined {
    const grant = this.#grants.get(token);
    return grant !== undefined && Date.now() < grant.expiresAt ? grant.actions : undefined;
  }

  /** Ends one token, or all that were given out so far. */
  expire(token?: string): void {
    if (token === undefined) this.#grants.clear();
    else this.#grants.delete(token);
  }

  get #lifetimeSeconds(): number {
    return this.#auth?.tokenLifetimeSeconds ?? 300;
  }

  #basic(exchange: Exchange, auth: BearerAuth): Answer {
    const { authorization } = exchange.headers;
    if (exchange.query.get('service') !== SERVICE) return refusal(400, 'unknown service');
    if (authorization !== undefined && !isRightUser(authorization, auth)) {
      return refusal(401, 'incorrect username or password');
    }
    const isKnown = authorization !== undefined || needsNobody(auth);
    return this.#token('token', this.#scopes(exchange.query), isKnown);
  }

  async #oauth(exchange: Exchange, auth: BearerAuth): Promise<Answer> {
    if (auth.identityToken === undefined) return text(404, '404 page not found');
    if (!isForm(exchange)) return refusal(415, 'a form is expected');
    const form = new URLSearchParams(await textOf(exchange.body));
    if (form.get('service') !== SERVICE) return refusal(400, 'unknown service');
    if ((form.get('client_id') ?? '') === '') return refusal(400, 'client_id is missing');
    if (form.get('grant_type') !== 'refresh_token') return refusal(400, 'unsupported grant_type');
    if (form.get('refresh_token') !== auth.identityToken)
      return refusal(401, 'invalid refresh token');
    return this.#token('access_token', this.#scopes(form), true);
  }

  /** Strangers get a token too, good for pulling at most: the registry refuses it for a push. */
  #token(field: 'token' | 'access_token', scopes: readonly string[], isKnown: boolean): Answer {
    const mayPull = isKnown || this.#auth?.anonymousPull === true;
    return json(200, {
      [field]: this.issue(mayPull ? scopes : [], !isKnown),
      expires_in: this.#lifetimeSeconds,
      issued_at: new Date().toISOString(),
    });
  }

  #scopes(parameters: URLSearchParams): readonly string[] {
    const scopes = parameters.getAll('scope');
    return this.#auth?.firstScopeOnly === true ? scopes.slice(0, 1) : scopes;
  }
}

function actionsIn(scope: string, onlyPull: boolean): readonly string[] {
  return scope.split(' ').flatMap((part) => {
    const [type, name = '', actions = ''] = part.split(':');
    if (type !== 'repository') return [];
    const wanted = actions.split(',').filter((action) => !onlyPull || action === 'pull');
    return wanted.map((action) => `${name}:${action}`);
  });
}

function isRightUser(authorization: string, auth: BearerAuth): boolean {
  if (auth.user === undefined) return false;
  return authorization === basicCredentials(auth.user, auth.password ?? '');
}

function needsNobody(auth: BearerAuth): boolean {
  return auth.user === undefined && auth.identityToken === undefined;
}

function isForm(exchange: Exchange): boolean {
  const type = exchange.headers['content-type'] ?? '';
  return type.split(';', 1)[0] === 'application/x-www-form-urlencoded';
}

function refusal(status: number, details: string): Answer {
  return json(status, { details });
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
