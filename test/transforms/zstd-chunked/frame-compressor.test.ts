import { expect, test } from 'vitest';
import type { FrameBatch } from '../../../src/transforms/zstd-chunked/frame-batch.ts';
import { FrameCompressor } from '../../../src/transforms/zstd-chunked/frame-compressor.ts';
import { COMPRESSION_LEVEL, WINDOW_LOG } from '../../../src/transforms/zstd-parameters.ts';
import { plain } from './vector.ts';

const text = Buffer.from(Array.from({ length: 9000 }, (_, index) => `${index % 977} `).join(''));
const SHORT = [[COMPRESSION_LEVEL, 1]] as const;
const LONG = [
  [COMPRESSION_LEVEL, 19],
  [WINDOW_LOG, 12],
] as const;

type Parts = Omit<FrameBatch, 'bytes'>;

const whole = (...lengths: readonly number[]): Parts => ({
  lengths,
  continues: false,
  goesOn: false,
});

function compress(compressor: FrameCompressor, parts: Parts): readonly Buffer[] {
  const output = Buffer.alloc(100_000);
  const { sizes } = compressor.compress({ bytes: text, ...parts }, output);
  let end = 0;
  return sizes.map((size) => output.subarray(end, (end += size)));
}

const alone = (parameters: typeof SHORT | typeof LONG, length: number): Buffer | undefined =>
  compress(new FrameCompressor([[Infinity, parameters]]), whole(length))[0];

test.each([
  ['no longer than the first allows', 1000, SHORT],
  ['longer', 1001, LONG],
])('a frame that is %s', (_, length, parameters) => {
  const both = new FrameCompressor([
    [1000, SHORT],
    [Infinity, LONG],
  ]);
  const [frame] = compress(both, whole(length));
  expect(frame).toEqual(alone(parameters, length));
  expect(alone(SHORT, length)).not.toEqual(alone(LONG, length));
});

test('a frame that is spread is made as the longest are, beside others and over batches', () => {
  const compressor = new FrameCompressor([
    [1000, SHORT],
    [Infinity, LONG],
  ]);
  const [first, begun] = compress(compressor, { ...whole(600, 400), goesOn: true });
  const [ended, last] = compress(compressor, { ...whole(700, 600), continues: true });
  expect(first).toEqual(alone(SHORT, 600));
  expect(plain(last ?? text)).toEqual(text.subarray(700, 1300));
  const spread = Buffer.concat([begun ?? text, ended ?? text]);
  expect(plain(spread)).toEqual(Buffer.concat([text.subarray(600, 1000), text.subarray(0, 700)]));
  // Single_Segment_flag and Checksum flag are not set, and Window_Descriptor is that of 4 KiB.
  expect(spread.subarray(4, 6)).toEqual(Buffer.from([0x00, 0x10]));
});
