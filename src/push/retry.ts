/** Repeats a whole push that failed for a reason that may pass. */
import { OcipushError } from '../errors.ts';
import { jittered, type RetryClock } from '../io/retry-clock.ts';
import type { PushOptions } from './options.ts';
import type { ProgressSink } from './progress.ts';

/** Milliseconds, as podman documents them: two seconds, doubled each time. */
const FIRST_DELAY = 2000;
const LONGEST_DELAY = 60_000;

export interface RetryContext {
  readonly options: Pick<PushOptions, 'retry' | 'retryDelay'>;
  readonly progress: ProgressSink;
  readonly clock: RetryClock;
  readonly signal: AbortSignal;
}

/**
 * Runs `attempt` once, and again up to `options.retry` times while it fails retryably.
 * @throws what the last attempt threw; OcipushError ABORTED when the signal was aborted
 */
export async function withPushRetry<T>(
  { options, progress, clock, signal }: RetryContext,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let repetition = 0; ; repetition += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw abortion(signal);
      const mayPass = error instanceof OcipushError && error.retryable;
      if (!mayPass || repetition === options.retry) throw error;
      const delayMilliseconds =
        options.retryDelay ?? Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** repetition);
      progress.event({
        kind: 'retry',
        what: 'push',
        attempt: repetition + 1,
        of: options.retry,
        delayMilliseconds,
        error,
      });
      await clock.sleep(jittered(delayMilliseconds, clock), signal).catch(() => {
        throw abortion(signal);
      });
    }
  }
}

/** What a push fails with that was ended from outside, whatever the first to notice said. */
export function abortion({ reason }: AbortSignal): OcipushError {
  if (reason instanceof OcipushError) return reason;
  return new OcipushError('ABORTED', 'interrupted', { cause: reason });
}
