import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { backoff, systemClock, type RetryClock } from '../../src/io/retry-clock.ts';

function clockWith(random: number): RetryClock {
  return { now: () => 0, random: () => random, sleep: () => Promise.resolve() };
}

test.each([
  [0, 0, 2000],
  [1, 0, 4000],
  [2, 0, 8000],
  [5, 0, 60_000],
  [5000, 0, 60_000],
  [0, 0.5, 1000],
  [1, 0.999, 4],
  [9, 0.25, 45_000],
])('backoff before retry %i with jitter %f: %i ms', (attempt, random, milliseconds) => {
  expect(backoff(attempt, 2000, 60_000, clockWith(random))).toBe(milliseconds);
});

describe('systemClock', () => {
  test('knows the time, and chance', () => {
    const before = Date.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.random()).toBeLessThan(1);
  });

  test('wakes', async () => {
    await expect(systemClock.sleep(0, new AbortController().signal)).resolves.toBeUndefined();
  });

  test('fails with the reason of the signal', async () => {
    const reason = new Error('enough');
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });

  test('does not take a wait that no timer can hold for none', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const controller = new AbortController();
    const sleeping = systemClock.sleep(2 ** 40, controller.signal);
    await setImmediate();
    controller.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    expect(warnings).toEqual([]);
  });
});
