/** A registry, mostly one repository of it: requests with authorization, retries and redirects. */
import { setMaxListeners } from 'node:events';
import { OcipushError, withDetails } from '../errors.ts';
import { registryUrl, securityOf } from './address.ts';
import { isTransient, statusError } from './answer-error.ts';
import { Authorizer } from './authorizer.ts';
import { parseChallenges } from './challenge.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './http.ts';
import { openHttpClient } from './open-http-client.ts';
import type { RegistryOptions } from './options.ts';
import { withRetry, type RetryOptions } from './retry.ts';
import type { UploadHost } from './upload-host.ts';
import type { RegistrySecurity } from '../config/registry-security.ts';
import type { RepositoryName } from '../image/blob.ts';
import type { Digest } from '../image/digest.ts';

/** Learning the challenge, then that a token has too few rights or is too old. */
const MAX_LESSONS = 2;
const MAX_REDIRECTS = 10;

/** containers/image, docs/signature-protocols.md; in small letters, as the HTTP client has all. */
const SIGNATURES_HEADER = 'x-registry-supports-signatures';

export interface RegistryRequest extends Pick<
  HttpRequest,
  'method' | 'headers' | 'body' | 'streams' | 'completes' | 'connection'
> {
  /** Below the repository, such as `blobs/uploads/`; or an absolute path; or an address the registry gave. */
  readonly target: string | URL;
  /** Statuses that are an answer; every other one is an error. */
  readonly accept: readonly number[];
  /** What is being attempted, as a gerund: it begins the message of an error. */
  readonly attempt: string;
  /** Ends it instead of the client's own signal: for what remains to be done after that. */
  readonly signal?: AbortSignal;
}

/** A request that can be sent again. */
export interface ReplayableRequest extends RegistryRequest {
  readonly body?: Uint8Array | undefined;
}

/** What tokens are asked to permit; the order is that of the reference. */
export type RepositoryAccess = 'pull' | 'pull,push';

export class RegistryClient implements AsyncDisposable {
  readonly #repository: RepositoryName;
  readonly #options: RegistryOptions;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #http: HttpClient;
  readonly #security: RegistrySecurity;
  readonly #authorizer: Authorizer;
  #origin: URL;
  /** Whether the registry has ever answered over HTTPS; before that, HTTP may be tried. */
  #isSecure = false;
  #storesSignatures = false;

  private constructor(
    repository: RepositoryName,
    scope: string,
    options: RegistryOptions,
    signal: AbortSignal,
    { http, security }: Connection,
  ) {
    this.#repository = repository;
    this.#options = options;
    this.#signal = AbortSignal.any([signal, this.#closed.signal]);
    // Every request listens, and Node warns of more than ten as of a leak.
    setMaxListeners(0, this.#signal);
    this.#http = http;
    this.#security = security;
    this.#origin = registryUrl(repository.registry);
    this.#authorizer = new Authorizer({
      http,
      signal: this.#signal,
      userAgent: options.userAgent,
      clock: options.clock,
      scope,
      credentials: () => options.credentialsFor(`${repository.registry}/${repository.path}`),
    });
  }

  /**
   * Begins to connect, for it takes a round trip or two; sends nothing yet.
   * @throws OcipushError POLICY_REJECTED for a blocked registry; CONFIG_INVALID for certificates or
   * configuration that cannot be used
   */
  static async open(
    repository: RepositoryName,
    access: RepositoryAccess,
    options: RegistryOptions,
    signal: AbortSignal,
  ): Promise<RegistryClient> {
    const scope = `repository:${repository.path}:${access}`;
    const connection = await connect(repository, options);
    const client = new RegistryClient(repository, scope, options, signal, connection);
    if (connection.security === 'insecure') client.prepare(1);
    return client;
  }

  /**
   * For what concerns no repository: tokens are asked for without a scope.
   * @throws OcipushError as {@link open}
   */
  static async openRegistry(
    registry: string,
    options: RegistryOptions,
    signal: AbortSignal,
  ): Promise<RegistryClient> {
    const nowhere = { registry, path: '' };
    return new RegistryClient(nowhere, '', options, signal, await connect(nowhere, options));
  }

  /** Has tokens permit to read another repository too, so that its blobs can be mounted. */
  alsoReads(path: string): void {
    this.#authorizer.alsoNeeds(`repository:${path}:pull`);
  }

  /**
   * Begins to make more connections, for so many requests side by side. Where HTTPS need not be, what
   * is cheap is prepared for: plain ones.
   */
  prepare(count: number): void {
    const url = new URL(this.#origin);
    if (this.#security === 'insecure') url.protocol = 'http:';
    for (let made = 0; made < count; made += 1) this.#http.prepare(url);
  }

  /** Ends every request that has no signal of its own. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  get repository(): RepositoryName {
    return this.#repository;
  }

  /**
   * Whether the registry has said with one of its answers that it stores signatures itself; those
   * that do (OpenShift, Pulp) say so with every one.
   */
  get storesSignatures(): boolean {
    return this.#storesSignatures;
  }

  /**
   * Sends a request whose body can be sent again, as often as it takes.
   * @throws OcipushError of the last attempt
   */
  send(request: ReplayableRequest): Promise<HttpResponse> {
    return this.withRetry(() => this.sendOnce(request), { only: isTransient });
  }

  /**
   * Sends a request once: apart from being authorized and redirected, which happen before a stream
   * is touched. A stream that was refused for its token fails retryably, for it can be opened again.
   */
  async sendOnce(request: RegistryRequest): Promise<HttpResponse> {
    for (let lessons = 0; ; lessons += 1) {
      const { response, authorization } = await this.#exchange(request);
      const learned =
        asksForMore(response) &&
        lessons < MAX_LESSONS &&
        (await this.#learn(response, authorization));
      if (learned && isReplayable(request.body)) continue;
      if (request.accept.includes(response.status)) return response;
      const error = statusError(response, request.attempt);
      throw learned ? withDetails(error, { retryable: true }) : error;
    }
  }

  /** Repeats what fails retryably, and tells of it; see {@link withRetry}. */
  withRetry<T>(
    attempt: () => Promise<T>,
    {
      blob,
      ...options
    }: Pick<RetryOptions, 'only' | 'reached'> & {
      /** How the blob is called that this is about. */
      readonly blob?: Digest | undefined;
    } = {},
  ): Promise<T> {
    const { clock, onSetback } = this.#options;
    const what = blob === undefined ? 'request' : 'blob';
    return withRetry(attempt, {
      ...options,
      clock,
      signal: this.#signal,
      onRepetition: (repetition) => onSetback?.({ kind: 'retry', what, blob, ...repetition }),
    });
  }

  /** Tells that a blob is gone on with. */
  tellResumed(blob: Digest | undefined, offset: number): void {
    this.#options.onSetback?.({ kind: 'resume', blob, offset });
  }

  /** What is known of uploads to this host. */
  get host(): UploadHost {
    return this.#options.hosts.of(this.#repository.registry);
  }

  /**
   * Where an answer says to go on; stays on HTTPS where a proxy hides that it was used.
   * @throws OcipushError REGISTRY_ANSWER_INVALID
   */
  resolveLocation(response: HttpResponse): URL {
    const location = response.header('location');
    if (location === undefined) throw badLocation('http: no Location header in response');
    if (!URL.canParse(location, response.url.href)) throw badLocation('invalid Location header');
    const url = new URL(location, response.url);
    if (!/^https?:$/.test(url.protocol)) throw badLocation(`unsupported scheme ${url.protocol}`);
    if (url.hostname === response.url.hostname && response.url.protocol === 'https:') {
      url.protocol = 'https:';
    }
    return url;
  }

  /** Ends what a failed push left under way, and what waits to be repeated. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new OcipushError('ABORTED', 'the connection to the registry was closed'));
    await this.#http[Symbol.asyncDispose]();
  }

  async #exchange(
    request: RegistryRequest,
  ): Promise<{ response: HttpResponse; authorization: string | undefined }> {
    let url = this.#resolve(request.target);
    for (let redirects = 0; ; redirects += 1) {
      // Credentials go to the registry alone, wherever it sends us.
      const authorization =
        url.origin === this.#origin.origin ? await this.#authorizer.header() : undefined;
      const headers = {
        ...request.headers,
        'user-agent': this.#options.userAgent,
        'docker-distribution-api-version': 'registry/2.0',
        ...(authorization && { authorization }),
      };
      const { method, body, streams, completes, connection, signal = this.#signal } = request;
      const message = { method, url, headers, body, streams, completes, connection, signal };
      const response = await this.#reach(message);
      if (response.url.origin === this.#origin.origin) this.#notice(response);
      if (!isRedirect(response) || !isReplayable(body) || redirects === MAX_REDIRECTS) {
        return { response, authorization };
      }
      url = this.resolveLocation(response);
    }
  }

  async #reach(message: HttpRequest): Promise<HttpResponse> {
    const { protocol, host } = message.url;
    const mayBePlain =
      this.#security === 'insecure' && !this.#isSecure && isReplayable(message.body);
    const isSecured = protocol === 'https:' && host === this.#origin.host;
    if (isSecured && mayBePlain) return this.#reachEither(message);
    const response = await this.#http.send(message);
    if (isSecured) this.#isSecure = true;
    return response;
  }

  /**
   * Over HTTPS, or plain HTTP where that does not answer. What changes nothing and tells no secret is
   * sent both ways at once: to wait until HTTPS has failed would take another round trip.
   */
  async #reachEither(message: HttpRequest): Promise<HttpResponse> {
    const url = new URL(message.url);
    url.protocol = 'http:';
    const overtaken = new AbortController();
    const signal = AbortSignal.any([message.signal, overtaken.signal]);
    const sendPlain = (): Promise<HttpResponse> => this.#http.send({ ...message, url, signal });
    const early = isHarmless(message) ? sendPlain() : undefined;
    early?.catch(() => undefined);
    try {
      const response = await this.#http.send(message);
      this.#isSecure = true;
      overtaken.abort();
      return response;
    } catch (error) {
      if (!isOfConnection(error)) throw error;
      const response = await (early ?? sendPlain());
      this.#origin = new URL(url.origin);
      return response;
    }
  }

  #notice(response: HttpResponse): void {
    if (response.header(SIGNATURES_HEADER) === '1') this.#storesSignatures = true;
  }

  /** Some registries say how to authenticate only when they are asked for nothing. */
  async #learn(response: HttpResponse, used: string | undefined): Promise<boolean> {
    // Another host that an answer led to could have the password sent wherever it likes.
    if (response.url.origin !== this.#origin.origin) return false;
    if (response.header('www-authenticate') !== undefined) {
      return this.#authorizer.learn(response, used);
    }
    const url = new URL('/v2/', this.#origin);
    const headers = { 'user-agent': this.#options.userAgent };
    const ping = await this.#http.send({ method: 'GET', url, headers, signal: this.#signal });
    return this.#authorizer.learn(ping, used);
  }

  #resolve(target: string | URL): URL {
    if (target instanceof URL) return target;
    return new URL(target, new URL(`/v2/${this.#repository.path}/`, this.#origin));
  }
}

interface Connection {
  readonly http: HttpClient;
  readonly security: RegistrySecurity;
}

/** Begins to connect. */
async function connect(repository: RepositoryName, options: RegistryOptions): Promise<Connection> {
  const security = await securityOf(repository, options);
  const http = await openHttpClient(repository.registry, security, options);
  http.prepare(registryUrl(repository.registry));
  return { http, security };
}

function isReplayable(body: RegistryRequest['body']): body is Uint8Array | undefined {
  return body === undefined || body instanceof Uint8Array;
}

function isHarmless({ method, headers = {} }: HttpRequest): boolean {
  return method === 'HEAD' && headers['authorization'] === undefined;
}

/** A token with too few rights is refused with 401, or with 403 as RFC 6750 has it. */
function asksForMore(response: HttpResponse): boolean {
  if (response.status !== 403) return response.status === 401;
  const challenges = parseChallenges(response.headers('www-authenticate'));
  return challenges.some(({ parameters }) => parameters.get('error') === 'insufficient_scope');
}

/** And not of the settings, or of the proxy before it: another try would hide what is wrong. */
function isOfConnection(error: unknown): boolean {
  return (
    error instanceof OcipushError && error.code !== 'CONFIG_INVALID' && !('proxy' in error.context)
  );
}

function isRedirect(response: HttpResponse): boolean {
  return (
    [301, 302, 303, 307, 308].includes(response.status) && response.header('location') !== undefined
  );
}

function badLocation(what: string): OcipushError {
  return new OcipushError('REGISTRY_ANSWER_INVALID', `determining upload URL: ${what}`, {
    origin: 'destination',
    retryable: true,
  });
}
