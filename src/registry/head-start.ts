/** Connections to a registry that are made while whatever will use them is still being loaded. */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
  readonly #begun = new Map<string, Promise<Socket>[]>();

  private constructor(options: HeadStartOptions) {
    this.#options = options;
  }

  /** Connections to where the first request for a repository will go are being made when it resolves. */
  static async begin(repository: RepositoryName, options: HeadStartOptions): Promise<HeadStart> {
    const start = new HeadStart(options);
    await start.#begin(repository).catch(() => undefined);
    // A socket begins to connect in its next tick only: it must not wait for whatever is loaded now.
    await nextTurn();
    return start;
  }

  /** Hands out each connection once, and makes new ones after that. */
  readonly dial: Dial = async (url, dialling) => {
    const socket = await this.#begun.get(hostAndPort(url))?.shift();
    return socket?.writable ? socket : this.#options.dial(url, dialling);
  };

  [Symbol.dispose](): void {
    this.#closed.abort(new OcipushError('ABORTED', 'the connection is not needed any more'));
  }

  async #begin(repository: RepositoryName): Promise<void> {
    const { dial, limits, proxyFor } = this.#options;
    const security = await securityOf(repository, this.#options);
    const schemes =
      security === 'insecure' ? (['https:', 'http:'] as const) : (['https:'] as const);
    for (const scheme of schemes) {
      const url = registryUrl(repository.registry, scheme);
      const way = proxyFor(url) ?? url;
      const socket = dial(way, { timeout: limits.connectTimeout, signal: this.#closed.signal });
      socket.catch(() => undefined);
      const place = hostAndPort(way);
      this.#begun.set(place, [...(this.#begun.get(place) ?? []), socket]);
    }
  }
}
