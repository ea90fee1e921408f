import { expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { CompressedText } from '../../../src/transforms/zstd-chunked/compressed-text.ts';
import { COMPRESSION_LEVEL } from '../../../src/transforms/zstd-parameters.ts';
import { plain } from './vector.ts';

test.each([
  ['nothing', []],
  ['many short texts', Array.from({ length: 20_000 }, (_, index) => `${index}ä`)],
  ['long ones of pairs of surrogates', ['😀'.repeat(50_000), `x${'😀'.repeat(50_000)}`]],
])('%s is one frame', (_, texts) => {
  const text = new CompressedText([[COMPRESSION_LEVEL, 1]]);
  for (const part of texts) text.write(part);
  const { parts, size, digest, plainSize } = text.finish();
  const frame = Buffer.concat(parts);
  const expected = Buffer.from(texts.join(''));
  expect(plain(frame).equals(expected)).toBe(true);
  expect({ size, digest, plainSize }).toEqual({
    size: frame.length,
    digest: digestOf(frame),
    plainSize: expected.length,
  });
});
