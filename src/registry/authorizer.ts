/** Knows how one registry wants requests to be authorized, and keeps its token fresh. */
import type { Credentials } from '../config/credentials.ts';
import { OcipushError } from '../errors.ts';
import type { RetryClock } from '../io/retry-clock.ts';
import { isRefusal, isTransient } from './answer-error.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { HttpClient, HttpResponse } from './http.ts';
import { basicAuthorization, requestToken, type Token } from './token.ts';

/** A token is renewed when this part of its life has passed, for requests take time. */
const FRESH = 0.9;

export interface AuthorizerOptions {
  readonly http: HttpClient;
  readonly userAgent: string;
  readonly clock: RetryClock;
  readonly signal: AbortSignal;
  /** What every token must permit, `repository:team/app:pull,push`. */
  readonly scope: string;
  credentials(): Promise<Credentials | undefined>;
}

interface HeldToken {
  /** The Authorization header that shows it. */
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly freshUntil: number;
}

/** What the registry asked for, and which address asked. */
interface Demand {
  readonly challenge: Challenge;
  readonly registry: URL;
}

export class Authorizer {
  readonly #options: AuthorizerOptions;
  /** Actions by resource (`repository:team/app`), the destination first. */
  readonly #scopes = new Map<string, Set<string>>();
  /** Resources that the token server does not want to hear of. */
  readonly #refused = new Set<string>();
  #demand: Demand | undefined;
  #credentials: Promise<Credentials | undefined> | undefined;
  /** One request serves all that wait for a token. */
  #token: Promise<HeldToken> | undefined;
  /** The Authorization header that requests now have; empty while a token is on its way. */
  #current: string | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#addScopes(options.scope);
  }

  /**
   * The Authorization header for the next request; undefined while no challenge was seen.
   * @throws OcipushError REGISTRY_UNAUTHORIZED when there are no credentials, or they are wrong
   */
  async header(): Promise<string | undefined> {
    if (this.#demand === undefined) return undefined;
    return this.#demand.challenge.scheme === 'basic' ? this.#basic() : this.#bearer();
  }

  /**
   * Learns from the 401 that answered a request with `used` as its Authorization header. True when
   * the next {@link header} may do better.
   */
  learn(response: HttpResponse, used: string | undefined): boolean {
    const challenge = parseChallenges(response.headers('www-authenticate')).find(
      ({ scheme }) => scheme === 'basic' || scheme === 'bearer',
    );
    if (challenge === undefined) return false;
    this.#demand = { challenge, registry: response.url };
    if (challenge.scheme === 'basic') return used === undefined;
    const hasGrown = this.#addScopes(challenge.parameters.get('scope') ?? '');
    // Another request that was refused with the same token may have seen to a new one.
    const isOutdated = used !== this.#current;
    const isTooWeak = challenge.parameters.get('error') === 'insufficient_scope';
    if (!hasGrown && (isOutdated || isTooWeak)) return isOutdated;
    this.#dropToken();
    return true;
  }

  /** Has the next token permit more: `repository:team/base:pull`. */
  alsoNeeds(scope: string): void {
    if (this.#addScopes(scope)) this.#dropToken();
  }

  /**
   * Adds what is not yet asked for; true when there was any. Each scope is `type:name:actions`,
   * where the name may hold colons; anything else is ignored.
   */
  #addScopes(scopes: string): boolean {
    let hasGrown = false;
    for (const scope of scopes.split(' ')) {
      const [, resource = '', list = ''] = /^([^:]+:.+):([^:]+)$/.exec(scope) ?? [];
      if (this.#refused.has(resource)) continue;
      for (const action of list.split(',')) {
        // Asked for more, such as `delete` to cancel an upload, some token servers refuse everything.
        if (action !== 'pull' && action !== 'push') continue;
        const actions = this.#scopes.get(resource) ?? new Set();
        hasGrown ||= !actions.has(action);
        this.#scopes.set(resource, actions.add(action));
      }
    }
    return hasGrown;
  }

  async #bearer(): Promise<string> {
    for (;;) {
      const held = (this.#token ??= this.#renew());
      const { header, freshUntil } = await held;
      const isFresh = this.#options.clock.now() < freshUntil;
      if (this.#token === held) {
        if (isFresh) this.#current = header;
        else this.#dropToken();
      }
      if (isFresh) return header;
    }
  }

  #dropToken(): void {
    this.#token = undefined;
    this.#current = '';
  }

  /** A token request that fails leaves the way free for the next one. */
  #renew(): Promise<HeldToken> {
    const renewal = this.#requestToken();
    renewal.catch(() => {
      if (this.#token === renewal) this.#token = undefined;
    });
    return renewal;
  }

  async #basic(): Promise<string> {
    const credentials = await this.#getCredentials();
    if (credentials?.kind === 'basic') return basicAuthorization(credentials);
    throw new OcipushError('REGISTRY_UNAUTHORIZED', 'authentication required', {
      origin: 'destination',
      hint: 'give --creds USER:PASSWORD or an auth file with --authfile',
    });
  }

  #getCredentials(): Promise<Credentials | undefined> {
    this.#credentials ??= this.#options.credentials();
    return this.#credentials;
  }

  async #requestToken(): Promise<HeldToken> {
    const { clock } = this.#options;
    const token = await this.#askForToken().catch((error: unknown) => {
      if (!this.#narrow(error)) throw error;
      return this.#askForToken();
    });
    const freshUntil = clock.now() + token.lifetime * 1000 * FRESH;
    return { header: `Bearer ${token.value}`, freshUntil };
  }

  async #askForToken(): Promise<Token> {
    const { http, userAgent, signal } = this.#options;
    const { challenge, registry } = this.#demand as Demand;
    const scopes = [...this.#scopes].map(([name, actions]) => `${name}:${[...actions].join(',')}`);
    const credentials = await this.#getCredentials();
    return requestToken(http, { challenge, scopes, credentials, registry, userAgent, signal });
  }

  /**
   * Some token servers refuse everything when one of the repositories is unknown to them, or not to
   * be read (GitLab: 404): true when something can be left out.
   */
  #narrow(error: unknown): boolean {
    const isRefused = isRefusal(error) && !isTransient(error);
    const [own, ...others] = this.#scopes.keys();
    if (!isRefused || own === undefined || others.length === 0) return false;
    for (const other of others) {
      this.#scopes.delete(other);
      this.#refused.add(other);
    }
    return true;
  }
}
