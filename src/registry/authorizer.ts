/** Knows how one registry wants requests to be authorized, and keeps its token fresh. */
import type { Credentials } from '../config/credentials.ts';
import { OcipushError } from '../errors.ts';
import type { RetryClock } from '../io/retry-clock.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { HttpClient, HttpResponse } from './http.ts';
import { basicAuthorization, requestToken } from './token.ts';

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
  readonly value: string;
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
  #demand: Demand | undefined;
  #credentials: Promise<Credentials | undefined> | undefined;
  /** One request serves all that wait for a token. */
  #token: Promise<HeldToken> | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#addScope(options.scope);
  }

  /**
   * The Authorization header for the next request; undefined while no challenge was seen.
   * @throws OcipushError REGISTRY_UNAUTHORIZED when there are no credentials, or they are wrong
   */
  async header(): Promise<string | undefined> {
    if (this.#demand === undefined) return undefined;
    if (this.#demand.challenge.scheme === 'basic') return this.#basic();
    const held = this.#token;
    const token = await held;
    if (token && this.#options.clock.now() < token.freshUntil) return `Bearer ${token.value}`;
    if (this.#token === held) this.#token = this.#requestToken();
    return `Bearer ${(await this.#token)?.value}`;
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
    for (const scope of challenge.parameters.get('scope')?.split(' ') ?? []) this.#addScope(scope);
    this.#token = undefined;
    return true;
  }

  /** `type:name:actions`, where the name may hold colons; anything else is ignored. */
  #addScope(scope: string): void {
    const [, resource, list] = /^([^:]+:.+):([^:]+)$/.exec(scope) ?? [];
    if (resource === undefined || list === undefined) return;
    // Asked for more, such as `delete` to cancel an upload, some token servers refuse everything.
    const actions = list.split(',').filter((action) => action === 'pull' || action === 'push');
    this.#scopes.set(resource, new Set([...(this.#scopes.get(resource) ?? []), ...actions]));
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
    const { http, clock, userAgent, signal } = this.#options;
    const { challenge, registry } = this.#demand as Demand;
    const scopes = [...this.#scopes].map(([name, actions]) => `${name}:${[...actions].join(',')}`);
    const credentials = await this.#getCredentials();
    const token = await requestToken(http, {
      challenge,
      scopes,
      credentials,
      registry,
      userAgent,
      signal,
    });
    return { value: token.value, freshUntil: clock.now() + token.lifetime * 1000 * FRESH };
  }
}
