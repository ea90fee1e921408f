import { describe, expect, test } from 'vitest';
import { OcipushError, wrapError } from '../../src/errors.ts';
import { parseRetryAfter, withRetry } from '../../src/registry/retry.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { thrownBy } from '../support/thrown.ts';

const { signal } = new AbortController();

function failure(details: { context?: Record<string, string | number>; retryable?: boolean } = {}) {
  return new OcipushError('REGISTRY_STATUS', 'no', { retryable: true, ...details });
}

/** An attempt that fails with these errors in turn and then succeeds, and how often it was made. */
function failingWith(...errors: readonly unknown[]) {
  let made = 0;
  const attempt = async (): Promise<string> => {
    made += 1;
    if (made <= errors.length) throw errors[made - 1];
    return 'done';
  };
  return { attempt, made: () => made };
}

describe('withRetry', () => {
  test.each<readonly [what: string, errors: readonly OcipushError[], sleeps: readonly number[]]>([
    ['success at once', [], []],
    ['one failure', [failure()], [250]],
    ['four failures', [failure(), failure(), failure(), failure()], [250, 500, 1000, 2000]],
    ['a wait that was asked for', [failure({ context: { retryAfter: '7' } })], [7000]],
    ['a shorter wait', [failure({ context: { retryAfter: '0' } })], [250]],
    ['an endless wait', [failure({ context: { retryAfter: '86400' } })], [60_000]],
    ['nonsense', [failure({ context: { retryAfter: 'soon' } })], [250]],
  ])('%s', async (_, errors, sleeps) => {
    const clock = fakeClock();
    const { attempt, made } = failingWith(...errors);
    expect(await withRetry(attempt, { clock, signal })).toBe('done');
    expect(clock.sleeps).toEqual(sleeps);
    expect(made()).toBe(errors.length + 1);
  });

  test('waits until the date that was asked for', async () => {
    const clock = fakeClock();
    const retryAfter = new Date(clock.now() + 9000).toUTCString();
    const { attempt } = failingWith(failure({ context: { retryAfter } }));
    await withRetry(attempt, { clock, signal });
    expect(clock.sleeps).toEqual([9000]);
  });

  test('spreads the repetitions of many clients', async () => {
    const clock = fakeClock(0.5);
    await withRetry(failingWith(failure(), failure()).attempt, { clock, signal });
    expect(clock.sleeps).toEqual([125, 250]);
  });

  test('gives up after five attempts with the last error', async () => {
    const errors = Array.from({ length: 6 }, () => failure());
    const { attempt, made } = failingWith(...errors);
    const clock = fakeClock();
    expect(await thrownBy(withRetry(attempt, { clock, signal }))).toBe(errors[4]);
    expect(made()).toBe(5);
  });

  test('does not multiply the attempts of what it contains', async () => {
    const { attempt, made } = failingWith(...Array.from({ length: 50 }, () => failure()));
    const clock = fakeClock();
    const inner = (): Promise<string> => withRetry(attempt, { clock, signal });
    await thrownBy(withRetry(inner, { clock, signal }));
    expect(made()).toBe(5);
  });

  test('does not multiply them either where the error got another name', async () => {
    const { attempt, made } = failingWith(...Array.from({ length: 50 }, () => failure()));
    const clock = fakeClock();
    const inner = (): Promise<string> =>
      withRetry(attempt, { clock, signal }).catch((error: unknown) => {
        throw wrapError(error, 'reading', { code: 'BLOB_UNKNOWN' });
      });
    await thrownBy(withRetry(inner, { clock, signal }));
    expect(made()).toBe(5);
  });

  test('repeats what contains an attempt that failed in another way', async () => {
    const other = failure({ context: { status: 404 } });
    const { attempt, made } = failingWith(failure(), other, failure());
    const clock = fakeClock();
    const only = (error: OcipushError): boolean => error !== other;
    const inner = (): Promise<string> => withRetry(attempt, { clock, signal, only });
    expect(await withRetry(inner, { clock, signal })).toBe('done');
    expect(made()).toBe(4);
    expect(clock.sleeps).toEqual([250, 250, 250]);
  });

  test.each<readonly [what: string, error: unknown]>([
    ['final', failure({ retryable: false })],
    ['of a server that is not there', failure({ context: { code: 'ECONNREFUSED' } })],
    ['not ours', new TypeError('bug')],
    ['not even an error', 'thrown text'],
  ])('does not repeat an error that is %s', async (_, error) => {
    const clock = fakeClock();
    const { attempt, made } = failingWith(error);
    await expect(withRetry(attempt, { clock, signal })).rejects.toBe(error);
    expect([made(), clock.sleeps]).toEqual([1, []]);
  });

  test('ends at once when it is aborted, whatever the attempt failed with', async () => {
    const abort = new AbortController();
    const reason = new OcipushError('ABORTED', 'interrupted');
    const clock = fakeClock();
    const attempt = async (): Promise<never> => {
      abort.abort(reason);
      throw failure();
    };
    const ended = withRetry(attempt, { clock, signal: abort.signal });
    await expect(ended).rejects.toBe(reason);
    expect(clock.sleeps).toEqual([]);
  });
});

describe('parseRetryAfter', () => {
  const now = Date.UTC(2026, 10, 20, 12);

  test.each<readonly [value: string | number | undefined, milliseconds: number]>([
    ['0', 0],
    ['120', 120_000],
    [120, 120_000],
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['Friday, 20-Nov-26 12:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 0], // gone by
    ['-5', 0],
    ['1.5', 0],
    ['soon', 0],
    ['in 3000', 0],
    ['', 0],
    [undefined, 0],
  ])('%s', (value, milliseconds) => {
    expect(parseRetryAfter(value, now)).toBe(milliseconds);
  });
});
