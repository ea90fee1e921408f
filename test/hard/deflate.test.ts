/** What we deflate, zlib reads: whatever it is, and however hard it was searched for matches. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFLATE_WINDOW } from '../../src/transforms/deflate.ts';
import { gzipEffort } from '../../src/transforms/gzip-effort.ts';
import { comesBack, content } from '../support/deflation.ts';
import { seed, tell, times } from './effort.ts';

const numRuns = times({ suite: 1000, night: 50_000 });

test('blocks come back', { timeout: 3_600_000 }, () => {
  const levels = fc.integer({ min: -2, max: 9 });
  fc.assert(
    fc.property(content, content, levels, (earlier, block, level) => {
      const before = earlier.subarray(-DEFLATE_WINDOW);
      expect(comesBack(block, { before, effort: gzipEffort(level) })).toBe(true);
    }),
    { numRuns, seed },
  );
  tell('deflate', { blocks: numRuns });
});
