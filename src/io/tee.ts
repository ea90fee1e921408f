/** One stream taken by several consumers, at the pace of the slowest. */
import { OcipushError } from '../errors.ts';
import type { ByteStream } from './bytes.ts';

type Next = IteratorResult<Uint8Array, undefined>;

/**
 * Consumers join before the stream begins. A chunk stays as it is until every consumer that is
 * still there has asked for the next one, so nothing is copied or kept.
 */
export class Tee {
  #source: AsyncIterator<Uint8Array, undefined> | undefined;
  readonly #present = new Set<object>();
  readonly #asking = new Map<object, (next: Promise<Next>) => void>();

  /**
   * A view of the whole stream, to be taken to its end, or to be ended: by anybody, also while the
   * one who takes it waits for a chunk, which then fails.
   */
  join(): ByteStream {
    const consumer = {};
    this.#present.add(consumer);
    const iterator: AsyncIterator<Uint8Array, undefined> = {
      next: async () => {
        if (!this.#present.has(consumer)) throw ended();
        return new Promise((resolve) => {
          this.#asking.set(consumer, resolve);
          void this.#advance();
        });
      },
      return: async () => {
        this.#present.delete(consumer);
        this.#asking.get(consumer)?.(Promise.reject(ended()));
        this.#asking.delete(consumer);
        await this.#advance();
        return { done: true, value: undefined };
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  begin(source: ByteStream): void {
    this.#source = source[Symbol.asyncIterator]();
    void this.#advance();
  }

  /** Goes on when all have asked; ends the source when nobody is left. */
  async #advance(): Promise<void> {
    if (this.#source === undefined) return;
    if (this.#present.size === 0) {
      await this.#source.return?.();
      return;
    }
    if (this.#asking.size < this.#present.size) return;
    const next = this.#source.next();
    const asking = [...this.#asking.values()];
    this.#asking.clear();
    for (const answer of asking) answer(next);
  }
}

/** No end as of a whole stream: a part must not be taken for that. */
function ended(): OcipushError {
  return new OcipushError('ABORTED', 'the stream was ended');
}
