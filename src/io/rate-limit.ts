/** A bound on how fast bytes go, shared by all that ask it. */
import type { ByteStream } from './bytes.ts';
import type { RetryClock } from './retry-clock.ts';

/** The part of a second whose bytes may go at once after a rest. */
const BURST = 1 / 4;

/** Bytes that are asked for at once: so many that a slow rate still flows, and a fast one is not slowed down. */
const SMALLEST_PIECE = 1024;
const LARGEST_PIECE = 256 * 1024;

/** Tokens that refill with time; whoever takes more than there are must wait for them. */
export class TokenBucket {
  readonly #rate: number;
  readonly #capacity: number;
  #tokens: number;
  #refilled: number;

  /** @param rate tokens a second; @param now milliseconds */
  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#capacity = rate * BURST;
    this.#tokens = this.#capacity;
    this.#refilled = now;
  }

  /** Takes tokens, in the order of the calls, and says how many milliseconds to wait before use. */
  take(count: number, now: number): number {
    const gained = ((now - this.#refilled) / 1000) * this.#rate;
    this.#tokens = Math.min(this.#capacity, this.#tokens + Math.max(0, gained)) - count;
    this.#refilled = now;
    return Math.max(0, (-this.#tokens / this.#rate) * 1000);
  }
}

export interface RateLimit {
  /** The most bytes to ask for at once. */
  readonly piece: number;
  /** Returns when so many bytes may go. @throws the signal's reason when it is aborted first */
  readonly wait: (bytes: number, signal: AbortSignal) => Promise<void>;
}

/** @param bytesPerSecond more than 0 */
export function createRateLimit(bytesPerSecond: number, clock: RetryClock): RateLimit {
  const bucket = new TokenBucket(bytesPerSecond, clock.now());
  const piece = Math.ceil(bytesPerSecond * BURST);
  return {
    piece: Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, piece)),
    wait: async (bytes, signal) => {
      const milliseconds = bucket.take(bytes, clock.now());
      if (milliseconds > 0) await clock.sleep(milliseconds, signal);
    },
  };
}

/** A stream whose bytes go when they may. @throws the signal's reason when it is aborted */
export async function* limited(
  stream: ByteStream,
  { piece, wait }: RateLimit,
  signal: AbortSignal,
): ByteStream {
  for await (const chunk of stream) {
    for (let start = 0; start < chunk.length; start += piece) {
      const bytes = chunk.subarray(start, start + piece);
      await wait(bytes.length, signal);
      yield bytes;
    }
  }
}
