/** Deflates a block, and has zlib read it. */
import { constants, inflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { deflateBlock, deflateBound, type DeflateEffort } from '../../src/transforms/deflate.ts';
import { gzipEffort } from '../../src/transforms/gzip-effort.ts';

export interface Deflation {
  /** What comes before the block in the stream. */
  readonly before?: Uint8Array;
  readonly effort?: DeflateEffort;
}

export function deflated(
  block: Uint8Array,
  { before = Buffer.alloc(0), effort = gzipEffort() }: Deflation = {},
): Buffer {
  const known = before.length;
  const memory = new SharedArrayBuffer(known + deflateBound(block.length));
  new Uint8Array(memory).set(before);
  new Uint8Array(memory).set(block, known);
  return Buffer.from(memory, 0, deflateBlock({ memory, known, length: block.length, effort }));
}

/** Whether zlib reads all of the block again, and nothing else. */
export function comesBack(block: Uint8Array, deflation: Deflation = {}): boolean {
  const { before } = deflation;
  const inflated = inflateRawSync(deflated(block, deflation), {
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(before && before.length > 0 && { dictionary: before }),
  });
  return inflated.equals(block);
}

const run = fc.record({
  byte: fc.integer({ min: 0, max: 255 }),
  times: fc.integer({ min: 1, max: 600 }),
});

const copy = fc.record({
  back: fc.integer({ min: 1, max: 40_000 }),
  length: fc.integer({ min: 1, max: 600 }),
});

const part = fc.oneof(
  run,
  copy,
  fc.uint8Array({ maxLength: 300, size: 'max' }),
  fc.string({ maxLength: 100, size: 'max' }),
);

/** What is hard on deflate: runs, copies from near and far, noise and text. */
export const content: fc.Arbitrary<Buffer> = fc
  .array(part, { maxLength: 80, size: 'max' })
  .map((parts) =>
    parts.reduce<Buffer>((before, next) => {
      if (typeof next === 'string') return Buffer.concat([before, Buffer.from(next)]);
      if (next instanceof Uint8Array) return Buffer.concat([before, next]);
      if ('byte' in next) return Buffer.concat([before, Buffer.alloc(next.times, next.byte)]);
      const start = Math.max(0, before.length - next.back);
      return Buffer.concat([before, before.subarray(start, start + next.length)]);
    }, Buffer.alloc(0)),
  );
