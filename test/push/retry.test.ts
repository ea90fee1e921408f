import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import type { ProgressEvent } from '../../src/push/progress.ts';
import { withPushRetry } from '../../src/push/retry.ts';
import { fakeClock } from '../support/fake-clock.ts';

function passing(message = 'busy'): OcipushError {
  return new OcipushError('REGISTRY_STATUS', message, { retryable: true });
}

function setUp(options: { retry?: number; retryDelay?: number } = {}, random = 0) {
  const events: ProgressEvent[] = [];
  const clock = fakeClock(random);
  const abort = new AbortController();
  const context = {
    options: { retry: 3, ...options },
    progress: { event: (event: ProgressEvent) => void events.push(event) },
    clock,
    signal: abort.signal,
  };
  return { context, events, clock, abort };
}

/** An attempt that fails with these errors in turn and then succeeds. */
function failingWith(...errors: readonly unknown[]): () => Promise<string> {
  const left = [...errors];
  return async () => {
    if (left.length > 0) throw left.shift();
    return 'done';
  };
}

describe('withPushRetry', () => {
  test.each<
    [
      what: string,
      options: { retry?: number; retryDelay?: number },
      failures: number,
      sleeps: number[],
    ]
  >([
    ['success at once', {}, 0, []],
    ['one failure', {}, 1, [2000]],
    ['as many failures as permitted', {}, 3, [2000, 4000, 8000]],
    ['many failures', { retry: 7 }, 7, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]],
    ['a delay that was asked for', { retryDelay: 5 }, 2, [5, 5]],
    ['no delay', { retryDelay: 0 }, 2, [0, 0]],
  ])('%s', async (_, options, failures, sleeps) => {
    const { context, events, clock } = setUp(options);
    const errors = Array.from({ length: failures }, (_unused, index) => passing(`${index}`));
    expect(await withPushRetry(context, failingWith(...errors))).toBe('done');
    expect(clock.sleeps).toEqual(sleeps);
    expect(events).toEqual(
      errors.map((error, index) => ({
        kind: 'retry',
        what: 'push',
        attempt: index + 1,
        of: options.retry ?? 3,
        delayMilliseconds: sleeps[index],
        error,
      })),
    );
  });

  test('spreads the repetitions of many pushes, and speaks in round numbers', async () => {
    const { context, events, clock } = setUp({}, 0.5);
    await withPushRetry(context, failingWith(passing(), passing()));
    expect(clock.sleeps).toEqual([2100, 4200]);
    expect(events).toMatchObject([{ delayMilliseconds: 2000 }, { delayMilliseconds: 4000 }]);
  });

  test.each([0, 1, 3])('gives up after %i repetitions with the last error', async (retry) => {
    const { context, events } = setUp({ retry });
    const errors = Array.from({ length: 9 }, () => passing());
    await expect(withPushRetry(context, failingWith(...errors))).rejects.toBe(errors[retry]);
    expect(events).toHaveLength(retry);
  });

  test.each<[error: unknown]>([
    [new OcipushError('DIGEST_MISMATCH', 'damaged')],
    [new TypeError('bug')],
    ['thrown text'],
  ])('does not repeat %s', async (error) => {
    const { context, clock } = setUp();
    await expect(withPushRetry(context, failingWith(error))).rejects.toBe(error);
    expect(clock.sleeps).toEqual([]);
  });

  test('repeats nothing when the push is aborted, whatever it failed with', async () => {
    const { context, events, abort } = setUp();
    const reason = new OcipushError('ABORTED', 'SIGINT');
    const attempt = async (): Promise<never> => {
      abort.abort(reason);
      throw passing();
    };
    await expect(withPushRetry(context, attempt)).rejects.toBe(reason);
    expect(events).toEqual([]);
  });

  test('ends while it waits', async () => {
    const { context, abort } = setUp();
    const progress = { event: () => abort.abort() };
    const ended = withPushRetry({ ...context, progress }, failingWith(passing()));
    await expect(ended).rejects.toMatchObject({ code: 'ABORTED', cause: { name: 'AbortError' } });
  });
});
