import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { detectCompression, MAGIC_LENGTH } from '../../src/transforms/detect.ts';

describe('detectCompression', () => {
  test.each([['gzip'], ['bzip2'], ['xz'], ['zstd']])('what %s writes', (program) => {
    const compressed = execFileSync(program, ['-c'], { input: 'text' });
    expect(detectCompression(compressed.subarray(0, MAGIC_LENGTH))).toBe(program);
  });

  test.each([
    ['1f8b08', 'gzip'],
    ['1f8b0800000000', 'gzip'],
    ['425a68', 'bzip2'],
    ['fd377a585a00', 'xz'],
    ['28b52ffd', 'zstd'],
    ['', 'none'],
    ['1f', 'none'],
    ['1f8b', 'none'],
    ['1f8b07', 'none'], // not deflate
    ['001f8b08', 'none'],
    ['425a', 'none'],
    ['fd377a585a', 'none'],
    ['28b52f', 'none'],
    ['502a4d18', 'none'], // a skippable frame of zstd, as in the reference
    ['7573746172003030', 'none'],
  ])('%s: %s', (hex, compression) => {
    expect(detectCompression(Buffer.from(hex, 'hex'))).toBe(compression);
  });
});
