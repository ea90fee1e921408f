/** A stream cut into parts of bounded size, without holding more than a chunk of it. */
import type { ByteStream } from './bytes.ts';

export class Parts {
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** What of the last chunk belongs to the next part. */
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: ByteStream) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  /**
   * The next part: at most `limit` bytes, which is asked for again before each chunk; all that is
   * left when it is infinite. A part must be taken to its end before the next one begins.
   */
  async *take(limit: () => number): ByteStream {
    for (let taken = 0; taken < limit() && (await this.hasMore());) {
      const part = this.#rest.subarray(0, limit() - taken);
      this.#rest = this.#rest.subarray(part.length);
      taken += part.length;
      yield part;
    }
  }

  /** Whether there is another byte. What was taken is not valid any more after that. */
  async hasMore(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#iterator.next();
      if (next.done) return false;
      this.#rest = next.value;
    }
    return true;
  }

  /** Ends the stream. Does not wait for that, for its source may be stuck. */
  end(): void {
    this.#iterator.return?.().catch(() => undefined);
  }
}
