/**
 * Memory for large blocks, of which all streams together have a few. It is shared with the threads, as
 * V8 collects garbage for every few MiB of memory that come to a thread by transfer.
 */

/** What one stream has of it. */
export interface MemoryShare {
  /**
   * Memory for a block; undefined when so much is in use that this stream has to give back some of
   * its own first. Who has none always gets some: else streams could wait for each other for ever.
   */
  take(): SharedArrayBuffer | undefined;
  /** Gives memory back. */
  give(memory: SharedArrayBuffer): void;
}

/** Milliseconds for which memory that nobody uses is kept: the next layer, or the next push, will want it. */
const LINGER = 500;

export class BlockMemory {
  readonly #size: number;
  readonly #limit: number;
  readonly #spare: SharedArrayBuffer[] = [];
  #used = 0;
  #forgetting: NodeJS.Timeout | undefined;

  /** @param size bytes of a block; @param limit blocks from which on streams must do with theirs */
  constructor(size: number, limit: number) {
    this.#size = size;
    this.#limit = limit;
  }

  join(): MemoryShare {
    let own = 0;
    return {
      take: () => {
        if (own > 0 && this.#used >= this.#limit) return undefined;
        own += 1;
        this.#used += 1;
        clearTimeout(this.#forgetting);
        return this.#spare.pop() ?? new SharedArrayBuffer(this.#size);
      },
      give: (memory) => {
        own -= 1;
        this.#used -= 1;
        this.#spare.push(memory);
        if (this.#used === 0) this.#forgetLater();
      },
    };
  }

  #forgetLater(): void {
    this.#forgetting = setTimeout(() => this.#spare.splice(0), LINGER).unref();
  }
}
