/** Byte streams between threads: blocks of memory go through a message port full, and come back. */
import type { MessagePort } from 'node:worker_threads';
import { OcipushError, type ErrorCode, type ErrorOrigin } from '../errors.ts';
import type { ByteStream } from './bytes.ts';

/** Bytes of a block: enough to make the cost of a message small. */
const BLOCK = 256 * 1024;

/** Blocks of one direction: one is filled, one is on its way, one is read. */
const BLOCKS = 3;

export interface PortStreamOptions {
  /**
   * Milliseconds for which the other end, once it has something to do, may say nothing while this one
   * waits for it; for ever unless told.
   */
  readonly patience?: number | undefined;
}

type Message =
  | { readonly kind: 'block'; readonly memory: ArrayBuffer; readonly length: number }
  | { readonly kind: 'spare'; readonly memory: ArrayBuffer }
  | { readonly kind: 'end'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** An error as it can be sent: a code is all that tells ours from others. */
interface Failure {
  readonly message: string;
  readonly code?: ErrorCode;
  readonly origin?: ErrorOrigin | undefined;
  readonly hint?: string | undefined;
  readonly context?: OcipushError['context'];
}

/**
 * One end of a port over which one stream is sent and another received. Who may lose the other end
 * {@link PortStream.fail}s this one then.
 */
export class PortStream {
  readonly #port: MessagePort;
  readonly #received: Exclude<Message, { kind: 'spare' }>[] = [];
  readonly #spare: ArrayBuffer[];
  readonly #waiting = new Set<() => void>();
  readonly #patience: number | undefined;
  #broken: { readonly reason: unknown } | undefined;
  /** Messages of the other end. */
  #heard = 0;
  /** While what is to be sent does not come, the other end may have nothing to do. */
  #isStarved = true;

  constructor(port: MessagePort, { patience }: PortStreamOptions = {}) {
    this.#port = port;
    this.#patience = patience;
    this.#spare = Array.from({ length: BLOCKS }, () => new ArrayBuffer(BLOCK));
    port.on('message', (message: Message) => {
      this.#heard += 1;
      if (message.kind === 'spare') this.#spare.push(message.memory);
      else this.#received.push(message);
      this.#wake();
    });
    // Only who waits for bytes keeps the process alive, not who has lost interest in them.
    port.unref();
  }

  /**
   * Sends a stream to its end, and then the result; what it throws is sent in the place of these.
   * @throws what the stream throws, or what this end was failed with
   */
  async send(stream: ByteStream, result?: () => unknown): Promise<void> {
    let block: Uint8Array | undefined;
    let filled = 0;
    const flush = (): void => {
      if (block === undefined) return;
      const memory = block.buffer as ArrayBuffer;
      this.#post({ kind: 'block', memory, length: filled }, memory);
      block = undefined;
      filled = 0;
    };
    try {
      for await (const chunk of stream) {
        this.#isStarved = false;
        this.#check();
        for (let taken = 0; taken < chunk.length;) {
          block ??= new Uint8Array(await this.#next(() => this.#spare.shift()));
          const part = chunk.subarray(taken, taken + BLOCK - filled);
          block.set(part, filled);
          filled += part.length;
          taken += part.length;
          if (filled === BLOCK) flush();
        }
        this.#isStarved = true;
      }
    } catch (error) {
      this.#post({ kind: 'failure', failure: failureOf(error) });
      throw error;
    }
    flush();
    this.#isStarved = false;
    this.#post({ kind: 'end', result: result?.() });
  }

  /**
   * The stream that the other end sends, in chunks of its blocks.
   * @returns the result that was sent with it
   * @throws what the stream threw there, or what this end was failed with
   */
  async *receive(): AsyncGenerator<Uint8Array, unknown> {
    for (;;) {
      const message = await this.#nextReceived();
      if (message.kind === 'end') return message.result;
      if (message.kind === 'failure') throw errorOf(message.failure);
      const { memory, length } = message;
      yield new Uint8Array(memory, 0, length);
      this.#post({ kind: 'spare', memory }, memory);
    }
  }

  /** Ends both streams here; the first reason is the one that counts. */
  fail(reason: unknown): void {
    this.#broken ??= { reason };
    this.#wake();
  }

  /** Ends both streams at both ends; what was sent before arrives. */
  close(): void {
    this.fail(new OcipushError('ABORTED', 'the stream was ended'));
    this.#port.close();
  }

  async #nextReceived(): Promise<Exclude<Message, { kind: 'spare' }>> {
    this.#port.ref();
    const watch = this.#watch();
    try {
      return await this.#next(() => this.#received.shift());
    } finally {
      clearInterval(watch);
      this.#port.unref();
    }
  }

  /** Loses patience with another end of which nothing was heard from one look to the next. */
  #watch(): NodeJS.Timeout | undefined {
    let heard: number | undefined;
    const look = (): void => {
      if (heard === this.#heard) {
        this.fail(new OcipushError('ARCHIVE_INVALID', 'reading it comes to no end'));
      }
      heard = this.#isStarved ? undefined : this.#heard;
    };
    return this.#patience === undefined ? undefined : setInterval(look, this.#patience);
  }

  async #next<T>(take: () => T | undefined): Promise<T> {
    for (;;) {
      const taken = take();
      if (taken !== undefined) return taken;
      this.#check();
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #check(): void {
    if (this.#broken) throw this.#broken.reason;
  }

  #wake(): void {
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }

  #post(message: Message, ...transferred: ArrayBuffer[]): void {
    this.#port.postMessage(message, transferred);
  }
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof OcipushError)) return { message: String(error) };
  const { code, message, origin, hint, context } = error;
  return { code, message, origin, hint, context };
}

function errorOf({ code, message, ...details }: Failure): Error {
  return code === undefined ? new Error(message) : new OcipushError(code, message, details);
}
