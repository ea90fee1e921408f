import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { unlessAborted } from '../../src/io/unless-aborted.ts';

const FAULT = new Error('fault');
const REASON = new Error('reason');

type Outcome = PromiseSettledResult<number>;

test.each<[what: string, work: () => Promise<number>, aborts: readonly Error[], outcome: Outcome]>([
  ['succeeds', async () => 1, [], { status: 'fulfilled', value: 1 }],
  ['fails', () => Promise.reject(FAULT), [], { status: 'rejected', reason: FAULT }],
  ['takes too long', () => new Promise(() => {}), [REASON], { status: 'rejected', reason: REASON }],
])('nobody listens any more when the work %s', async (_, work, aborts, outcome) => {
  const controller = new AbortController();
  const waiting = Promise.allSettled([unlessAborted(work(), controller.signal)]);
  for (const reason of aborts) controller.abort(reason);
  expect(await waiting).toEqual([outcome]);
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
});
