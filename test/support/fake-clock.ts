/** Time that passes only when something waits for it, and then at once. */
import type { RetryClock } from '../../src/io/retry-clock.ts';

export interface FakeClock extends RetryClock {
  /** Milliseconds that were waited for, in order. */
  readonly sleeps: readonly number[];
  advance(milliseconds: number): void;
}

/** @param random what the clock's dice always show, in [0, 1); 0 means no jitter */
export function fakeClock(random = 0): FakeClock {
  let now = Date.UTC(2026, 10, 20);
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    random: () => random,
    sleep: async (milliseconds, signal) => {
      signal.throwIfAborted();
      sleeps.push(milliseconds);
      now += milliseconds;
    },
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}
