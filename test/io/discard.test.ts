import { describe, expect, test } from 'vitest';
import { MIB } from '../../src/io/bytes.ts';
import { discard } from '../../src/io/discard.ts';

/** More than all else that could come or go meanwhile. */
const LARGE = 256 * MIB;

function outsideTheHeap(): number {
  return process.memoryUsage().arrayBuffers;
}

describe('discard', () => {
  test('frees memory at once', () => {
    const before = outsideTheHeap();
    const bytes = new Uint8Array(LARGE);
    expect(outsideTheHeap() - before).toBeGreaterThan(LARGE / 2);
    discard(bytes);
    expect(outsideTheHeap() - before).toBeLessThan(LARGE / 2);
    expect(bytes).toHaveLength(0);
  });

  test('frees what comes after that, too', () => {
    for (const bytes of [new Uint8Array(1), new Uint8Array(MIB), new Uint8Array(0)]) {
      discard(bytes);
      expect(bytes).toHaveLength(0);
    }
  });
});
