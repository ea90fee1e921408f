import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { detectCompression, MAGIC_LENGTH } from '../../src/transforms/detect.ts';

describe('detectCompression', () => {
  // `printf text | PROGRAM -c | xxd -p`
  test.each([
    ['gzip', gzipSync('text').toString('hex')],
    ['bzip2', '425a6839314159265359cb28d32d0000008180020004402000219819832c2ee48a70a1219651a65a'],
    [
      'xz',
      'fd377a585a000004e6d6b4460200210116000000742fe5a3010003746578740055cde833ff4a0c1700011c046f2c9cc11fb6f37d010000000004595a',
    ],
    ['zstd', '28b52ffd04582100007465787452afcc88'],
  ])('what %s writes', (program, hex) => {
    const compressed = Buffer.from(hex, 'hex');
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
    ['502a4d18', 'zstd'], // a skippable frame
    ['5f2a4d1800000000', 'zstd'],
    ['602a4d18', 'none'],
    ['502a4d', 'none'],
    ['7573746172003030', 'none'],
  ])('%s: %s', (hex, compression) => {
    expect(detectCompression(Buffer.from(hex, 'hex'))).toBe(compression);
  });
});
