import { describe, expect, test } from 'vitest';
import { wantsLargeWindow } from '../../src/transforms/zstd-window.ts';

describe('wantsLargeWindow', () => {
  test.each([
    ['28b52ffd0458', false], // 2 MiB
    ['28b52ffd0468', false], // 8 MiB
    ['28b52ffd0469', true], // 9 MiB
    ['28b52ffd0470', true], // 16 MiB
    ['28b52ffd0488', true], // 128 MiB
    ['28b52ffd20ff', false], // one segment of 255 bytes
    ['28b52ffd60ffff', false], // one segment of 65,791 bytes
    ['28b52ffda000000008', true], // one segment of 128 MiB
    ['502a4d180000', true], // a skippable frame
    ['28b52ffd', false],
    ['28b5', true],
    ['', true],
  ])('%s: %s', (hex, expected) => {
    expect(wantsLargeWindow(Buffer.from(hex, 'hex'))).toBe(expected);
  });
});
