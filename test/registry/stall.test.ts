import { expect, onTestFinished, test, vi } from 'vitest';
import { answerTimeout, StallWatch } from '../../src/registry/stall.ts';

const MIB = 1024 * 1024;

test.each<readonly [stall: number, work: number, milliseconds: number]>([
  [60_000, 0, 60_000],
  [60_000, MIB, 61_000],
  [60_000, 100 * MIB, 160_000],
  [60_000, 10_000 * MIB, 900_000],
  [60_000, Infinity, 900_000],
  [100, 0, 100],
  [100, Infinity, 900_000],
  [3_600_000, 0, 3_600_000],
  [3_600_000, Infinity, 3_600_000],
])('with %i ms, an answer after %d bytes may take %i ms', (stall, work, milliseconds) => {
  expect(answerTimeout(stall, work)).toBe(milliseconds);
});

test('what is expected must come in time, and rest is no stall', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const watch = new StallWatch(100);
  const isStalledAfter = (milliseconds: number): boolean => {
    vi.advanceTimersByTime(milliseconds);
    return watch.signal.aborted;
  };
  expect(isStalledAfter(1000)).toBe(false);
  watch.expect();
  expect(isStalledAfter(99)).toBe(false);
  watch.expect();
  expect(isStalledAfter(99)).toBe(false);
  watch.rest();
  expect(isStalledAfter(1000)).toBe(false);
  watch.expect();
  expect(isStalledAfter(100)).toBe(true);
  expect(watch.signal.reason).toMatchObject({ code: 'STALLED' });
});

test('an answer must come in the time that its work may take', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const watch = new StallWatch(100);
  watch.expect();
  watch.expectAnswer(2 * MIB);
  vi.advanceTimersByTime(2099);
  expect(watch.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(watch.signal.reason).toMatchObject({ code: 'STALLED' });
});

test('what has ended expects nothing more', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const watch = new StallWatch(100);
  watch.expect();
  watch.end();
  watch.expect();
  watch.expectAnswer(0);
  vi.advanceTimersByTime(1000);
  expect([watch.signal.aborted, vi.getTimerCount()]).toEqual([false, 0]);
});
