/** Finds out that a server takes no more bytes, or keeps everybody waiting for its answer. */
import { MIB } from '../io/bytes.ts';

/**
 * What a registry may need to hash, move and scan an upload before it answers: milliseconds for a
 * MiB, and at most.
 */
const WORK_PER_MIB = 1000;
const LONGEST_WORK = 15 * 60_000;

/**
 * Milliseconds in which an answer must begin once everything has been sent.
 * @param work bytes that the server may have to go through first; Infinity where nobody knows
 */
export function answerTimeout(stallTimeout: number, work: number): number {
  return Math.max(stallTimeout, Math.min(LONGEST_WORK, stallTimeout + (work / MIB) * WORK_PER_MIB));
}

/** The other side took no byte in time, or gave no answer. */
export class StallError extends Error {
  readonly code = 'STALLED';
}

/** A clock that is wound up whenever something is expected to move. */
export class StallWatch {
  readonly #milliseconds: number;
  readonly #stalled = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #state: 'expecting' | 'resting' | 'over' = 'resting';

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Aborted when what was expected did not come. */
  get signal(): AbortSignal {
    return this.#stalled.signal;
  }

  expect(): void {
    if (this.#state === 'over') return;
    this.#state = 'expecting';
    this.#timer ??= this.#startTimer(this.#milliseconds, 'no byte was taken');
    this.#timer.refresh();
  }

  /** Everything has been sent: so many bytes that the server may go through before it answers. */
  expectAnswer(work: number): void {
    if (this.#state === 'over') return;
    this.#state = 'expecting';
    clearTimeout(this.#timer);
    this.#timer = this.#startTimer(answerTimeout(this.#milliseconds, work), 'no answer came');
  }

  /** The timer runs on: there may be thousands of rests in a second. */
  rest(): void {
    if (this.#state === 'expecting') this.#state = 'resting';
  }

  /** Expects nothing more, whatever it is told. */
  end(): void {
    this.#state = 'over';
    clearTimeout(this.#timer);
  }

  #startTimer(milliseconds: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#state !== 'expecting') return;
      this.#stalled.abort(new StallError(`${what} for ${milliseconds} ms`));
    }, milliseconds);
  }
}
