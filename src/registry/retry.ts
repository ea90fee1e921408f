/** Repeats what failed for a reason that may pass. */
import { OcipushError } from '../errors.ts';
import { backoff, type RetryClock } from '../io/retry-clock.ts';

/** Repetitions of one request or one blob, and milliseconds before the first and at most. */
const REPETITIONS = 4;
const FIRST_DELAY = 250;
const LONGEST_DELAY = 30_000;
/** Milliseconds: the longest wait that a registry may ask for with Retry-After. */
const LONGEST_RETRY_AFTER = 60_000;

export interface RetryOptions {
  readonly clock: RetryClock;
  readonly signal: AbortSignal;
}

/**
 * Runs an attempt until it succeeds, fails for good, or has been repeated often enough. Errors that
 * are retryable are repeated after a doubling delay, or the one the registry asked for
 * (`retryAfterMilliseconds` in the error's context).
 */
export async function withRetry<T>(
  attempt: () => Promise<T>,
  { clock, signal }: RetryOptions,
): Promise<T> {
  for (let repetition = 0; ; repetition += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!worthRepeating(error) || repetition === REPETITIONS) throw error;
      const asked = Number(error.context['retryAfterMilliseconds'] ?? 0);
      const delay = backoff(repetition, FIRST_DELAY, LONGEST_DELAY, clock);
      await clock.sleep(Math.max(delay, Math.min(asked, LONGEST_RETRY_AFTER)), signal);
    }
  }
}

/** Nothing listening is for the whole push to repeat: a moment later it will be no different. */
function worthRepeating(error: unknown): error is OcipushError {
  return (
    error instanceof OcipushError && error.retryable && error.context['code'] !== 'ECONNREFUSED'
  );
}

/** Milliseconds that a Retry-After header asks for: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
