import { describe, expect, test } from 'vitest';
import { Tally } from '../../../src/cli/render/tally.ts';
import { CONFIG, LAYER, STORED } from './events.ts';

const stored = { digest: STORED, size: 5, how: 'uploaded' } as const;

describe('Tally', () => {
  test('counts what blobs in flight and those that have ended come to', () => {
    const tally = new Tally(() => 7);
    tally.follow({ kind: 'blob-total', count: 3, size: 300 });
    tally.follow({ kind: 'blob-start', role: 'layer', digest: LAYER, size: 100 });
    tally.follow({ kind: 'blob-start', role: 'config', digest: CONFIG, size: 10 });
    tally.follow({ kind: 'blob-bytes', digest: LAYER, count: 60 });
    tally.follow({ kind: 'blob-sent', digest: LAYER, count: 30 });
    tally.follow({ kind: 'blob-sent', digest: CONFIG, count: 10 });
    expect(tally.totals()).toEqual({ blobs: 3, blobsDone: 0, size: 300, done: 60, sent: 40 });
    const layer = { role: 'layer', size: 100, since: 7, done: 60, sent: 30 };
    expect(tally.inFlight.get(LAYER)).toEqual(layer);
    expect(tally.follow({ kind: 'blob-done', digest: LAYER, stored })).toEqual(layer);
    expect(tally.totals()).toEqual({ blobs: 3, blobsDone: 1, size: 300, done: 100, sent: 40 });
    expect([...tally.inFlight.keys()]).toEqual([CONFIG]);
  });

  test('takes back what begins anew, but not what was sent', () => {
    const tally = new Tally(() => 0);
    tally.follow({ kind: 'blob-total', count: 1, size: 100 });
    tally.follow({ kind: 'blob-start', role: 'layer', digest: LAYER, size: 100 });
    tally.follow({ kind: 'blob-bytes', digest: LAYER, count: 60 });
    tally.follow({ kind: 'blob-sent', digest: LAYER, count: 60 });
    tally.follow({ kind: 'blob-bytes', digest: LAYER, count: -60 });
    expect(tally.totals()).toMatchObject({ done: 0, sent: 60 });
    const error = new Error('reset');
    tally.follow({ kind: 'retry', what: 'push', attempt: 1, of: 1, delayMilliseconds: 1, error });
    expect(tally.inFlight.size).toBe(0);
    tally.follow({ kind: 'blob-total', count: 1, size: 100 });
    expect(tally.totals()).toEqual({ blobs: 1, blobsDone: 0, size: 100, done: 0, sent: 60 });
  });

  test('survives events of blobs that it has not seen begin', () => {
    const tally = new Tally(() => 0);
    tally.follow({ kind: 'blob-bytes', digest: LAYER, count: 60 });
    expect(tally.follow({ kind: 'blob-done', digest: LAYER, stored })).toBeUndefined();
    expect(tally.totals()).toMatchObject({ blobsDone: 0, done: 0 });
  });
});
