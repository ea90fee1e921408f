/** The few requests of the Docker Engine API that carry images (docs.docker.com/reference/api). */
import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import request from 'undici/lib/api/api-request.js';
import { OcipushError, withDetails, type ErrorOrigin } from '../../errors.ts';
import { collect, MIB, type ByteStream } from '../../io/bytes.ts';
import { disposeOnFailure } from '../../io/disposal.ts';
import { unlessAborted } from '../../io/unless-aborted.ts';
import { outgoing } from '../../registry/outgoing.ts';
import type { TransportContext } from '../transport.ts';
import { engineAddress, type EngineAddress } from './engine-address.ts';
import { connectionLost, failureIn, messageIn, reported } from './engine-error.ts';

/** What is spoken to newer engines, and to those that do not say what they speak. */
const NEWEST = '1.47';
const OLDEST = '1.24';

/** Milliseconds. */
const CONNECT_TIMEOUT = 30_000;

/** What podman says, with status 500, of an image that it does not have. */
const UNKNOWN = /image not known/;

/** One engine, and its part in the push: where the fault lies when something goes wrong with it. */
export class Engine implements AsyncDisposable {
  readonly #address: EngineAddress;
  readonly #agent: Agent;
  readonly #context: TransportContext;
  readonly #origin: ErrorOrigin;
  #prefix = '';

  private constructor(address: EngineAddress, context: TransportContext, origin: ErrorOrigin) {
    const { socketPath, certificates } = address;
    this.#address = address;
    this.#context = context;
    this.#origin = origin;
    this.#agent = new Agent({
      // An engine answers when it has unpacked or packed everything, which may take its time.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: CONNECT_TIMEOUT,
        rejectUnauthorized: context.registry.tlsVerify !== false,
        ...(socketPath !== undefined && { socketPath }),
        ...certificates,
      },
    });
  }

  /**
   * Finds the engine and the version of the API that both know, unless `DOCKER_API_VERSION` says it.
   * @throws OcipushError DAEMON_UNREACHABLE, DAEMON_REJECTED, TLS_FAILED, CONFIG_INVALID, UNSUPPORTED
   */
  static async connect(
    context: TransportContext,
    origin: 'source' | 'destination',
  ): Promise<Engine> {
    const wished = wishedVersion(context.environment);
    const engine = new Engine(await engineAddress(context.environment), context, origin);
    return disposeOnFailure(engine, async () => {
      const found = await engine.#ping();
      engine.#prefix = `/v${wished ?? (isOlder(found, NEWEST) ? found : NEWEST)}`;
      return engine;
    });
  }

  /**
   * Has the engine take in an archive of docker save; it has all of it when this settles.
   * @throws OcipushError DAEMON_REJECTED, DAEMON_UNREACHABLE, or what the archive throws
   */
  async load(archive: ByteStream): Promise<void> {
    const body = outgoing(archive, undefined);
    const type = { 'content-type': 'application/x-tar' };
    try {
      const answer = await this.#request('POST', '/images/load?quiet=1', type, body.bytes);
      const bytes = await collect(answer.body, MIB, 'answer of the docker engine');
      if (answer.statusCode !== 200) throw reported(messageIn(bytes, answer.statusCode));
      const failure = failureIn(bytes);
      if (failure !== undefined) throw reported(failure);
      if (!body.isComplete()) throw reported('answered before it had the whole archive');
    } catch (error) {
      throw body.failure() ?? this.#explain(error);
    }
  }

  /**
   * An archive of docker save with the image of that name or ID.
   * @throws OcipushError SOURCE_NOT_FOUND, DAEMON_REJECTED, DAEMON_UNREACHABLE
   */
  async *save(image: string): ByteStream {
    try {
      const path = `/images/get?names=${encodeURIComponent(image)}`;
      const { statusCode, body } = await this.#request('GET', path);
      if (statusCode === 200) {
        yield* body;
        return;
      }
      const message = messageIn(
        await collect(body, MIB, 'answer of the docker engine'),
        statusCode,
      );
      throw statusCode === 404 || UNKNOWN.test(message) ? notFound(message) : reported(message);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  /** The version that the engine speaks. Engines before 19.03 know no HEAD here. */
  async #ping(): Promise<string> {
    try {
      for (const method of ['HEAD', 'GET'] as const) {
        const { statusCode, headers, body } = await this.#request(method, '/_ping');
        await collect(body, MIB, 'answer of the docker engine');
        const version = headers['api-version'];
        if (typeof version === 'string' && isVersion(version)) return version;
        if (statusCode === 400) throw notUnderstood(this.#address);
      }
      return OLDEST;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async #request(
    method: 'HEAD' | 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: ByteStream,
  ): Promise<Dispatcher.ResponseData> {
    const { signal, registry } = this.#context;
    signal.throwIfAborted();
    const { origin, pathname } = this.#address.url;
    const answer = request.call(this.#agent, {
      origin,
      path: pathname.replace(/\/$/, '') + this.#prefix + path,
      method,
      headers: { 'user-agent': registry.userAgent, ...headers },
      // The type is wrong: undici takes what can be iterated.
      body: (body ?? null) as Uint8Array | null,
      signal,
    });
    // undici hears of an abort only once it is connected, for which nobody should have to wait.
    return unlessAborted(answer, signal);
  }

  /** The error as it is where it is one of ours, else that of the connection. */
  #explain(error: unknown): unknown {
    const { signal } = this.#context;
    if (signal.aborted) return signal.reason;
    const known = error instanceof OcipushError ? error : connectionLost(this.#address, error);
    return withDetails(known, { origin: known.origin ?? this.#origin });
  }
}

/** @throws OcipushError CONFIG_INVALID */
function wishedVersion(environment: NodeJS.ProcessEnv): string | undefined {
  const wished = environment['DOCKER_API_VERSION']?.replace(/^v/, '') || undefined;
  if (wished === undefined || isVersion(wished)) return wished;
  throw new OcipushError('CONFIG_INVALID', `DOCKER_API_VERSION: ${wished} is no version`, {
    origin: 'config',
    hint: `write it as in ${NEWEST}, or leave it out`,
  });
}

function isVersion(text: string): boolean {
  return /^\d+\.\d+$/.test(text);
}

function isOlder(left: string, right: string): boolean {
  const [[major = 0, minor = 0], [otherMajor = 0, otherMinor = 0]] = [left, right].map((version) =>
    version.split('.').map(Number),
  ) as [number[], number[]];
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

function notFound(message: string): OcipushError {
  return new OcipushError('SOURCE_NOT_FOUND', reported(message).message, {
    hint: 'docker images lists those that it has',
  });
}

function notUnderstood({ name }: EngineAddress): OcipushError {
  return new OcipushError(
    'DAEMON_REJECTED',
    `Cannot connect to the Docker daemon at ${name}: it does not understand the request`,
    { hint: 'where it speaks TLS, set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH' },
  );
}
