/** The connections of a push: straight or through a proxy, and the certificates shown on them. */
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import buildConnector from 'undici/lib/core/connect.js';
import { OcipushError } from '../errors.ts';
import { bareHost, type ProxyLookup } from '../config/proxy.ts';
import { hostAndPort } from './address.ts';
import { codeOf } from './connection-error.ts';
import type { Dial } from './dial.ts';
import type { TransferLimits } from './options.ts';
import { openTunnel, proxyError, proxyHeaders } from './proxy-tunnel.ts';
import { SecureContexts, type TlsSettings } from './secure-contexts.ts';

export interface ConnectionSettings extends TlsSettings {
  readonly proxyFor: ProxyLookup;
  readonly dial: Dial;
  readonly limits: TransferLimits;
}

/** How a request gets to where it should. */
export interface Route {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The number of the client certificate that is shown. */
  readonly client: number;
}

/** Milliseconds that idle connections are kept. */
const KEEP_ALIVE = 30_000;

/** What OpenSSL says when the other side does not like the client certificate, or misses one. */
const CLIENT_REFUSED = /_ALERT_(?:\w*CERTIFICATE\w*|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)$/;

type Target = buildConnector.Options;

/** To any number of hosts under one TLS setting. */
export class Connections implements AsyncDisposable {
  readonly #settings: ConnectionSettings;
  readonly #contexts: SecureContexts;
  /** For requests that have a connection of their own, and all others. */
  readonly #agents: Readonly<Record<'kept' | 'own', Agent>>;
  /** Aborted in the end, so that no connection that is still being made holds the process. */
  readonly #closed = new AbortController();
  readonly #connectSecure = new Map<number, buildConnector.connector>();
  /** Proxies that pass plain requests on, by `host`. */
  readonly #forwarding = new Map<string, URL>();
  /** Connections that nobody has asked for yet, by origin. */
  readonly #prepared = new Map<string, Promise<Socket>[]>();
  #client = 0;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#contexts = new SecureContexts(settings);
    // Every connection listens, and Node warns of more than ten as of a leak.
    setMaxListeners(0, this.#closed.signal);
    const connect: buildConnector.connector = (target, callback) =>
      void this.#connectFor(target, callback);
    this.#agents = {
      kept: new Agent({ keepAliveTimeout: KEEP_ALIVE, connect }),
      own: new Agent({ pipelining: 0, connect }),
    };
  }

  /**
   * Begins to connect once more, for a request to find that done; what goes wrong goes wrong there.
   * @throws OcipushError CONFIG_INVALID for a proxy that cannot be used
   */
  prepare(url: URL): void {
    const { origin } = this.routeTo(url);
    const { protocol, host, hostname, port } = new URL(origin);
    const socket = this.#connect({ protocol, host, hostname: bareHost(hostname), port });
    socket.catch(() => undefined);
    this.#prepared.set(origin, [...(this.#prepared.get(origin) ?? []), socket]);
  }

  /**
   * Plain requests are handed to an HTTP proxy as they are; all others go through a tunnel.
   * @throws OcipushError CONFIG_INVALID for a proxy that cannot be used
   */
  routeTo(url: URL, connection: 'kept' | 'own' = 'kept'): Route {
    const [dispatcher, client] = [this.#agents[connection], this.#client];
    const proxy = this.#settings.proxyFor(url);
    if (url.protocol !== 'http:' || proxy?.protocol !== 'http:') {
      const { origin, pathname, search } = url;
      return { dispatcher, client, origin, path: pathname + search, headers: {} };
    }
    this.#forwarding.set(proxy.host, proxy);
    const { origin } = proxy;
    const path = url.origin + url.pathname + url.search;
    return {
      dispatcher,
      client,
      origin,
      path,
      headers: { host: url.host, ...proxyHeaders(proxy) },
    };
  }

  /**
   * Takes the next of several client certificates where the one that was shown on this route was
   * refused: node:tls does not say whose certificates a server wants. False when there is none left.
   */
  showAnother(error: unknown, { client }: Route): boolean {
    if (!CLIENT_REFUSED.test(codeOf(error) ?? '')) return false;
    const next = client + 1;
    if (next >= this.#settings.certificates.clients.length) return false;
    if (next > this.#client) {
      this.#client = next;
      this.#discardPrepared();
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not close(): it would wait for what a failed push left under way.
    await Promise.all([this.#agents.kept.destroy(), this.#agents.own.destroy()]);
    this.#closed.abort(new OcipushError('ABORTED', 'the connection was closed'));
  }

  /** Milliseconds in which a connection must be there. */
  get #timeout(): number {
    return this.#settings.limits.connectTimeout;
  }

  async #connectFor(target: Target, callback: buildConnector.Callback): Promise<void> {
    let socket: Socket;
    try {
      socket = (await this.#takePrepared(target)) ?? (await this.#connect(target));
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    // A TLS alert after the handshake, such as that for a missing client certificate, ends a
    // connection at once: else undici would forget it for the orderly end that follows.
    socket.once('error', (error) => socket.destroy(error));
    callback(null, socket);
  }

  async #takePrepared({ protocol, host }: Target): Promise<Socket | undefined> {
    const { origin } = new URL(`${protocol}//${host}`);
    const socket = await this.#prepared.get(origin)?.shift();
    return socket?.writable ? socket : undefined;
  }

  /** They were made under a certificate that is no good. */
  #discardPrepared(): void {
    for (const prepared of [...this.#prepared.values()].flat()) {
      prepared.then(
        (socket) => socket.destroy(),
        () => undefined,
      );
    }
    this.#prepared.clear();
  }

  #connect(target: Target): Promise<Socket> {
    return target.protocol === 'https:' ? this.#secure(target) : this.#plain(target);
  }

  #plain(target: Target): Promise<Socket> {
    const forwarding = this.#forwarding.get(String(target.host));
    if (forwarding === undefined) return this.#open(target);
    return this.#dial(forwarding).catch((error: unknown) => {
      throw proxyError(error, forwarding);
    });
  }

  /** The contexts are made while the connection is: nothing else is to be done then. */
  async #secure(target: Target): Promise<Socket> {
    const [httpSocket, connect] = await Promise.all([this.#open(target), this.#tls()]);
    return connected(connect, { ...target, httpSocket });
  }

  async #tls(): Promise<buildConnector.connector> {
    const client = this.#client;
    const made =
      this.#connectSecure.get(client) ??
      buildConnector({
        timeout: this.#timeout,
        secureContext: this.#contexts.get(client),
        rejectUnauthorized: this.#settings.security === 'secure',
      });
    this.#connectSecure.set(client, made);
    return made;
  }

  /** A connection without TLS, through a proxy where there is one. */
  async #open(target: Target): Promise<Socket> {
    const url = new URL(`${target.protocol}//${target.host}`);
    const proxy = this.#settings.proxyFor(url);
    if (proxy === undefined) return this.#dial(url);
    const socket = await this.#toProxy(proxy).catch((error: unknown) => {
      throw proxyError(error, proxy);
    });
    return openTunnel(socket, proxy, hostAndPort(url), this.#timeout);
  }

  async #toProxy(proxy: URL): Promise<Socket> {
    const socket = await this.#dial(proxy);
    if (proxy.protocol === 'http:') return socket;
    const { protocol, host, hostname, port } = proxy;
    const target = { protocol, host, hostname: bareHost(hostname), port, httpSocket: socket };
    const secureContext = this.#contexts.forProxy;
    return connected(buildConnector({ timeout: this.#timeout, secureContext }), target);
  }

  #dial(url: URL): Promise<Socket> {
    const { signal } = this.#closed;
    return this.#settings.dial(url, { timeout: this.#timeout, signal });
  }
}

function connected(connect: buildConnector.connector, target: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connect(target, (error, socket) => {
      if (error === null) resolve(socket);
      else reject(error);
    });
  });
}
