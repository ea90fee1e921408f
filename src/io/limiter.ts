/** A bound on how many things run at once. */

/** Runs a task as soon as fewer than the limit are running; first come, first served. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** @param limit how many tasks may run at once, at least 1 */
export function createLimiter(limit: number): Limiter {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running < limit) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
