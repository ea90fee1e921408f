/** Time as retries see it: how long to wait, and the waiting itself. */
import { setTimeout as delay } from 'node:timers/promises';

/** Injected wherever something waits, so that a test decides how time passes. */
export interface RetryClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A number in [0, 1). */
  random(): number;
  /** @throws the signal's reason when it is aborted first */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** What a timer of Node can hold, some 24 days; more than that would be no wait at all. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: RetryClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: async (milliseconds, signal) => {
    await delay(Math.min(milliseconds, LONGEST_TIMER), undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  },
};

/**
 * Milliseconds before retry number `attempt` (0 is the first): anything up to `first` doubled each
 * time and at most `cap`, so that many clients do not come back at once ("full jitter").
 */
export function backoff(attempt: number, first: number, cap: number, clock: RetryClock): number {
  return Math.round(Math.min(cap, first * 2 ** attempt) * (1 - clock.random()));
}

/** Up to a tenth more than these milliseconds. */
export function jittered(milliseconds: number, clock: RetryClock): number {
  return Math.round(milliseconds * (1 + clock.random() / 10));
}
