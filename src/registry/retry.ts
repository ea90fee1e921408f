/** Repeats what failed for a reason that may pass. */
import { OcipushError } from '../errors.ts';
import { backoff, type RetryClock } from '../io/retry-clock.ts';

/** Repetitions of one request or one blob, and milliseconds before the first and at most. */
const REPETITIONS = 4;
const FIRST_DELAY = 250;
const LONGEST_DELAY = 30_000;
/** Milliseconds: the longest wait that a registry may ask for with Retry-After. */
const LONGEST_RETRY_AFTER = 60_000;

/** Errors that were repeated in vain: what contains the request must not multiply the attempts. */
const exhausted = new WeakSet<OcipushError>();

export interface RetryOptions {
  readonly clock: RetryClock;
  readonly signal: AbortSignal;
  /** Which retryable errors to repeat; all unless told. */
  readonly only?: ((error: OcipushError) => boolean) | undefined;
  /** How far the attempts have come: one that came further than all before is not held against it. */
  readonly reached?: (() => number) | undefined;
  /** Told before each wait. */
  readonly onRepetition?: ((repetition: Repetition) => void) | undefined;
}

/** One more attempt is to be made. */
export interface Repetition {
  /** 1 for the first since something was achieved. */
  readonly attempt: number;
  readonly of: number;
  readonly delayMilliseconds: number;
  readonly error: OcipushError;
}

/**
 * Runs an attempt until it succeeds, fails for good, or has been repeated often enough. Errors that
 * are retryable are repeated after a doubling delay, or a longer one where the registry asked for it
 * (`retryAfter` in the error's context).
 */
export async function withRetry<T>(
  attempt: () => Promise<T>,
  { clock, signal, only = () => true, reached = () => 0, onRepetition }: RetryOptions,
): Promise<T> {
  let furthest = reached();
  for (let repetition = 0; ; repetition += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isWorthRepeating(error) || !only(error)) throw error;
      if (reached() > furthest) repetition = 0;
      furthest = Math.max(furthest, reached());
      if (repetition === REPETITIONS) {
        exhausted.add(error);
        throw error;
      }
      const asked = parseRetryAfter(error.context['retryAfter'], clock.now());
      const delay = backoff(repetition, FIRST_DELAY, LONGEST_DELAY, clock);
      const delayMilliseconds = Math.max(delay, Math.min(asked, LONGEST_RETRY_AFTER));
      if (!signal.aborted) {
        onRepetition?.({ attempt: repetition + 1, of: REPETITIONS, delayMilliseconds, error });
      }
      await clock.sleep(delayMilliseconds, signal);
    }
  }
}

/** Nothing listening is for the whole push to repeat: a moment later it will be no different. */
function isWorthRepeating(error: unknown): error is OcipushError {
  return (
    error instanceof OcipushError &&
    error.retryable &&
    error.context['code'] !== 'ECONNREFUSED' &&
    !isExhausted(error)
  );
}

/** Also under another name, as what a source failed with has for the destination. */
function isExhausted(error: unknown): boolean {
  return error instanceof OcipushError && (exhausted.has(error) || isExhausted(error.cause));
}

/**
 * Milliseconds that a Retry-After header asks for: seconds or an HTTP date (RFC 9110, 10.2.3); 0
 * when there is none or it makes no sense.
 */
export function parseRetryAfter(value: string | number | undefined, now: number): number {
  const text = String(value ?? '');
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = /\d GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
