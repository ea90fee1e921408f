/** An OCI registry inside the test process: strict, observable, and able to fail on purpose. */
import { leaksIn } from '../leaks.ts';
import type { RegistryAuth } from './auth.ts';
import { FaultTable, type Fault } from './faults.ts';
import { listen, type TlsFiles } from './listener.ts';
import { Repositories, type Repository } from './repository.ts';
import { RequestLog, type LoggedRequest } from './request-log.ts';
import type { Parts } from './router.ts';
import { Service } from './service.ts';
import { TokenServer } from './token-server.ts';
import { Uploads } from './uploads.ts';

export interface RegistryOptions {
  /** Without it everybody may do everything. */
  readonly auth?: RegistryAuth;
  readonly tls?: TlsFiles;
  readonly faults?: readonly Fault[];
  /** `discard` keeps only digest and size of blobs; then only sha256 can be checked. */
  readonly storage?: 'memory' | 'discard';
  /**
   * What becomes of an upload whose Location is out of date, as after a broken request. With 2.8,
   * the default, it is lost: 404 BLOB_UPLOAD_INVALID for all methods, also the question for its
   * offset. 3.0 answers that question with a new Location, so that a client can resume, and
   * everything else with 416 RANGE_INVALID.
   */
  readonly uploads?: 'distribution-2.8' | 'distribution-3.0';
  /** Locations without scheme and host. */
  readonly relativeLocations?: boolean;
  /** Bytes that a request body may have, as with nginx in front: 413 in HTML for more. */
  readonly bodyLimit?: number;
  /** Takes layers that have `urls` instead of a blob; the real one does not by default. */
  readonly foreignLayers?: boolean;
  /** Lists what refers to a manifest, in pages of so many entries. */
  readonly referrersPage?: number;
  /** Stores simple signatures itself, and says so. */
  readonly storesSignatures?: boolean;
}

/**
 * A running registry; disposing of it ends all connections, and throws where it was sent secrets that
 * are not its own.
 */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** `http://127.0.0.1:port` or `https://…` */
  readonly url: string;
  readonly requests: readonly LoggedRequest[];
  /** Upload sessions neither finished nor cancelled; size in bytes. */
  readonly openUploads: readonly { repository: string; uuid: string; size: number }[];
  /** The content of a repository, empty if nothing was pushed there. */
  repository(name: string): Repository;
  /** The first request that fits, as soon as it has arrived. */
  waitFor(fits: (request: LoggedRequest) => boolean): Promise<LoggedRequest>;
  /** Faults that have happened less often than they should. */
  unfired(): readonly Fault[];
  /** Settles when a fault has happened for the first time. */
  fired(fault: Fault): Promise<void>;
  /** A token for scopes such as `repository:a/b:pull,push`, without a request. */
  issueToken(...scopes: readonly string[]): string;
  /** Ends all tokens given out so far. */
  expireTokens(): void;
}

/** Starts a registry on a free port of 127.0.0.1. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const scheme = options.tls === undefined ? 'http' : 'https';
  const parts = partsOf(options);
  const faults = new FaultTable(options.faults ?? []);
  const log = new RequestLog();
  const { bodyLimit = Infinity } = options;
  const service = new Service({ scheme, parts, faults, log, bodyLimit });
  const listener = await listen(options.tls, (request, response, connection) => {
    void service.serve(request, response, connection);
  });
  return {
    host: listener.host,
    url: `${scheme}://${listener.host}`,
    requests: log.entries,
    get openUploads() {
      return parts.uploads.open.map(({ repository, uuid, size }) => ({ repository, uuid, size }));
    },
    repository: (name) => parts.repositories.get(name),
    waitFor: async (fits) => log.waitFor(fits),
    unfired: () => faults.unfired(),
    fired: async (fault) => faults.whenFired(fault),
    issueToken: (...scopes) => parts.tokens.issue(scopes),
    expireTokens: () => parts.tokens.expire(),
    async [Symbol.asyncDispose]() {
      await listener.close();
      const leaks = leaksIn(saidIn(log.entries), [...ownSecrets(options), ...parts.tokens.issued]);
      parts.tokens.forget();
      if (leaks.length > 0) throw new Error(`a registry was sent ${leaks.join(', ')}`);
      if (service.bugs.length > 0) throw new AggregateError(service.bugs, 'the registry is broken');
    },
  };
}

/** All that was said besides the bodies. */
function saidIn(requests: readonly LoggedRequest[]): string {
  return JSON.stringify(
    requests.map(({ method, path, query, headers }) => [method, path, query.toString(), headers]),
  );
}

function ownSecrets({ auth }: RegistryOptions): readonly string[] {
  const identityToken = auth?.kind === 'bearer' ? auth.identityToken : undefined;
  return [auth?.password ?? [], identityToken ?? []].flat();
}

function partsOf(options: RegistryOptions): Parts {
  const { auth, storage = 'memory', relativeLocations = false } = options;
  const { uploads: behaviour = 'distribution-2.8' } = options;
  const repositories = new Repositories();
  return {
    auth,
    repositories,
    tokens: new TokenServer(auth?.kind === 'bearer' ? auth : undefined),
    uploads: new Uploads(repositories, { storage, behaviour, relativeLocations }),
    rules: { foreignLayers: options.foreignLayers ?? false },
    referrersPage: options.referrersPage,
    storesSignatures: options.storesSignatures ?? false,
  };
}
