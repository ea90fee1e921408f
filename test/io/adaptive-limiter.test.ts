import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { AdaptiveLimiter } from '../../src/io/adaptive-limiter.ts';

/** Tasks that run until they are told to end; how many of them run. */
function tasksIn(limiter: AdaptiveLimiter) {
  const ends: (() => void)[] = [];
  let running = 0;
  const start = (): Promise<void> =>
    limiter.run(async () => {
      running += 1;
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
    });
  const endOne = async (): Promise<void> => {
    ends.shift()?.();
    await turn();
  };
  return { start, endOne, running: () => running };
}

describe('AdaptiveLimiter', () => {
  test('runs everything at once until it is told that this is too much', async () => {
    const tasks = tasksIn(new AdaptiveLimiter());
    for (let count = 0; count < 50; count += 1) void tasks.start();
    await turn();
    expect(tasks.running()).toBe(50);
  });

  test('halves what runs, down to one', async () => {
    const limiter = new AdaptiveLimiter();
    const tasks = tasksIn(limiter);
    for (let count = 0; count < 6; count += 1) void tasks.start();
    await turn();
    const limits: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      limiter.shrink();
      limits.push(limiter.limit);
    }
    expect(limits).toEqual([3, 1, 1, 1]);
    void tasks.start();
    await turn();
    expect(tasks.running()).toBe(6); // what runs already is left alone
    for (const left of [5, 4, 3, 2, 1, 1, 0]) {
      await tasks.endOne();
      expect(tasks.running()).toBe(left);
    }
  });

  test('grows by one when as many tasks as the limit have succeeded', async () => {
    const limiter = new AdaptiveLimiter();
    limiter.shrink();
    const limits: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      limiter.grow();
      limits.push(limiter.limit);
    }
    expect(limits).toEqual([2, 2, 2, 3, 3]);
  });

  test('lets those in who wait when it grows', async () => {
    const limiter = new AdaptiveLimiter();
    limiter.shrink();
    const tasks = tasksIn(limiter);
    void tasks.start();
    void tasks.start();
    await turn();
    expect(tasks.running()).toBe(1);
    limiter.grow();
    await turn();
    expect(tasks.running()).toBe(2);
  });

  test('goes on after a task that fails', async () => {
    const limiter = new AdaptiveLimiter();
    limiter.shrink();
    const failure = new TypeError('no');
    await expect(limiter.run(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(await limiter.run(async () => 'done')).toBe('done');
  });
});
