import { describe, expect, test } from 'vitest';
import { barLine, blobLabel } from '../../../src/cli/render/bar.ts';
import { parseDigest } from '../../../src/image/digest.ts';

const MIB = 1024 * 1024;

describe('blobLabel', () => {
  const digest = parseDigest(`sha256:9242495bebc0${'a'.repeat(52)}`);

  test('has the width that podman gives it', () => {
    expect(blobLabel('layer', digest)).toBe('Copying blob 9242495bebc0');
    expect(blobLabel('config', digest)).toBe('Copying config 9242495beb');
  });
});

describe('barLine', () => {
  test.each([
    [0, 100, 0, 'x [--------------------------------------] 0.0b / 100.0b | 0.0 b/s'],
    [1, 100, 1000, 'x [--------------------------------------] 1.0b / 100.0b | 1.0 b/s'],
    [2, 100, 500, 'x [>-------------------------------------] 2.0b / 100.0b | 4.0 b/s'],
    [
      20.2 * MIB,
      163.9 * MIB,
      100,
      'x [====>---------------------------------] 20.2MiB / 163.9MiB | 202.0 MiB/s',
    ],
    [99, 100, 1000, 'x [======================================] 99.0b / 100.0b | 99.0 b/s'],
    [
      3 * 1024 * MIB,
      3 * 1024 * MIB,
      1000,
      'x [======================================] 3.0GiB / 3.0GiB | 3.0 GiB/s',
    ],
    [120, 100, 1000, 'x [======================================] 100.0b / 100.0b | 120.0 b/s'],
    [0, 0, 0, 'x [--------------------------------------] 0.0b / 0.0b | 0.0 b/s'],
  ])('%d of %d bytes', (done, size, milliseconds, expected) => {
    expect(barLine({ label: 'x', done, sent: done, size, milliseconds }, 100)).toBe(expected);
  });

  test('shows the speed of what was sent, not of what was read', () => {
    const bar = { label: 'x', done: 100, sent: 10, size: 100, milliseconds: 1000 };
    expect(barLine(bar, 100)).toMatch(/100\.0b \/ 100\.0b \| 10\.0 b\/s$/);
  });

  test('is cut to the width', () => {
    const bar = { label: 'x', done: 0, sent: 0, size: 1, milliseconds: 0 };
    expect(barLine(bar, 5)).toBe('x [--');
    expect(barLine(bar, -1)).toBe('');
  });
});
