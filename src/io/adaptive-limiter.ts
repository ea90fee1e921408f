/** A bound on how many things run at once that shrinks when they are too many, and grows again slowly. */

export class AdaptiveLimiter {
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Its whole part is how many may run. */
  #limit = Infinity;

  /** How many tasks may run at once. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Runs a task as soon as the limit permits; first come, first served. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.limit) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#admit();
    }
  }

  /** Halves what runs now, down to one. */
  shrink(): void {
    const now = Math.min(this.limit, this.#running);
    this.#limit = Math.max(1, Math.floor(now / 2));
  }

  /** One more when as many tasks as the limit have succeeded since the last. */
  grow(): void {
    this.#limit += 1 / this.#limit;
    this.#admit();
  }

  #admit(): void {
    while (this.#running < this.limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running += 1;
      next();
    }
  }
}
