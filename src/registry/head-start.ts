/** Connections to a registry that are made while whatever will use them is still being loaded. */
import type { Socket } from 'node:net';
import { OcipushError } from '../errors.ts';
import type { RepositoryName } from '../image/blob.ts';
import { hostAndPort, registryUrl, securityOf } from './address.ts';
import type { Dial } from './dial.ts';
import type { RegistryOptions } from './options.ts';

/** What of the settings decides where connections lead. */
export type HeadStartOptions = Pick<
  RegistryOptions,
  'dial' | 'limits' | 'proxyFor' | 'securityOf' | 'tlsVerify'
>;

/** Sends nothing. What goes wrong goes wrong once more for whoever wants to use a connection. */
export class HeadStart implements Disposable {
  readonly #options: HeadStartOptions;
  readonly #closed = new AbortController();
  /** Connections that nobody has taken yet, by `host:port`. */
  readonly #begun: Promise<ReadonlyMap<string, Promise<Socket>[]>>;

  /** Begins to connect to where the first request for a repository will go. */
  constructor(repository: RepositoryName, options: HeadStartOptions) {
    this.#options = options;
    this.#begun = this.#begin(repository).catch(() => new Map());
  }

  /** Hands out each connection once, and makes new ones after that. */
  readonly dial: Dial = async (url, dialling) => {
    const socket = await (await this.#begun).get(hostAndPort(url))?.shift();
    return socket?.writable ? socket : this.#options.dial(url, dialling);
  };

  [Symbol.dispose](): void {
    this.#closed.abort(new OcipushError('ABORTED', 'the connection is not needed any more'));
  }

  async #begin(repository: RepositoryName): Promise<ReadonlyMap<string, Promise<Socket>[]>> {
    const { dial, limits, proxyFor } = this.#options;
    const begun = new Map<string, Promise<Socket>[]>();
    const security = await securityOf(repository, this.#options);
    const schemes =
      security === 'insecure' ? (['https:', 'http:'] as const) : (['https:'] as const);
    for (const scheme of schemes) {
      const url = registryUrl(repository.registry, scheme);
      const way = proxyFor(url) ?? url;
      const socket = dial(way, { timeout: limits.connectTimeout, signal: this.#closed.signal });
      socket.catch(() => undefined);
      begun.set(hostAndPort(way), [...(begun.get(hostAndPort(way)) ?? []), socket]);
    }
    return begun;
  }
}
