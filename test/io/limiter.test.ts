import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLimiter } from '../../src/io/limiter.ts';

interface Task {
  readonly run: () => Promise<number>;
  readonly finish: () => void;
}

/** A task that ends when it is told to, and notes in `log` that it began. */
function task(id: number, log: number[]): Task {
  let finish = (): void => undefined;
  const end = new Promise<number>((resolve) => {
    finish = () => resolve(id);
  });
  const run = (): Promise<number> => {
    log.push(id);
    return end;
  };
  return { run, finish };
}

test('runs as many as it may, first come, first served', async () => {
  const counts = fc.record({ limit: fc.integer({ min: 1, max: 4 }), total: fc.nat(10) });
  await fc.assert(
    fc.asyncProperty(counts, async ({ limit, total }) => {
      const limiter = createLimiter(limit);
      const begun: number[] = [];
      const ids = Array.from({ length: total }, (_, id) => id);
      const tasks = ids.map((id) => task(id, begun));
      const results = tasks.map(({ run }) => limiter(run));
      for (const [id, { finish }] of tasks.entries()) {
        expect(begun).toEqual(ids.slice(0, id + limit));
        finish();
        expect(await results[id]).toBe(id);
      }
    }),
  );
});

test.each([
  ['rejects', () => Promise.reject(new Error('broken'))],
  [
    'throws',
    (): Promise<never> => {
      throw new Error('broken');
    },
  ],
])('a task that %s makes room', async (_, broken) => {
  const limiter = createLimiter(1);
  const [failed, next] = [limiter(broken), limiter(() => Promise.resolve('next'))];
  await expect(failed).rejects.toThrow('broken');
  expect(await next).toBe('next');
});
