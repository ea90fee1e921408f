/** Memory for large blocks, of which all streams together have a few. */

/** What one stream has of it. */
export interface MemoryShare {
  /**
   * Memory for a block; undefined when so much is in use that this stream has to give back some of
   * its own first. Who has none always gets some: else streams could wait for each other for ever.
   */
  take(): ArrayBuffer | undefined;
  /** Gives memory back, or says that it was lost. */
  give(memory: ArrayBuffer | undefined): void;
}

export class BlockMemory {
  readonly #size: number;
  readonly #limit: number;
  readonly #spare: ArrayBuffer[] = [];
  #used = 0;

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
        return this.#spare.pop() ?? new ArrayBuffer(this.#size);
      },
      give: (memory) => {
        own -= 1;
        this.#used -= 1;
        if (memory !== undefined) this.#spare.push(memory);
        if (this.#used === 0) this.#spare.splice(0);
      },
    };
  }
}
