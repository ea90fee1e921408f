import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Chunker } from '../../../src/transforms/zstd-chunked/chunker.ts';
import { noise } from '../../support/make-image.ts';

type Chunk = readonly ['data' | 'hole', number];

/** The chunks of files, each given in pieces; what the chunker wrote is checked. */
function chunksOf(...files: readonly (readonly Uint8Array[])[]): readonly (readonly Chunk[])[] {
  let written: Buffer[] = [];
  let size = 0;
  let chunks: Chunk[] = [];
  const chunker = new Chunker({
    chunk: (bytes) => {
      written.push(Buffer.from(bytes));
      size += bytes.length;
    },
    cut: (kind) => {
      chunks.push([kind, size]);
      size = 0;
    },
  });
  return files.map((pieces) => {
    [written, chunks] = [[], []];
    for (const piece of pieces) chunker.push(piece);
    chunker.finish();
    expect(Buffer.concat(written).equals(Buffer.concat(pieces))).toBe(true);
    expect(size).toBe(0);
    return chunks;
  });
}

/** As the format is described, byte by byte: holes first, and the sum over a queue of 64 bytes. */
function described(bytes: Uint8Array): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  let queue = Array<number>(64).fill(0);
  const add = (kind: Chunk[0], end: number): void => {
    if (end > start) chunks.push([kind, end - start]);
    start = end;
  };
  for (let index = 0; index < bytes.length;) {
    const zeros = bytes.subarray(index).findIndex((byte) => byte !== 0);
    const run = zeros < 0 ? bytes.length - index : zeros;
    if (run >= 1024) {
      add('data', index);
      index += run;
      add('hole', index);
      queue = Array<number>(64).fill(0);
      continue;
    }
    for (const end = index + Math.max(run, 1); index < end; index += 1) {
      queue = [...queue.slice(1), bytes[index] ?? 0];
      // The newest byte counts once, the oldest 64 times.
      const weighted = queue.reduce((sum, byte, place) => sum + byte * (64 - place), 124_992);
      if ((weighted & 0xffff) === 0xffff) add('data', index + 1);
    }
  }
  add('data', bytes.length);
  return chunks;
}

describe('Chunker', () => {
  test('cuts where the format says', () => {
    const bytes = noise(400_000);
    const [chunks] = chunksOf([bytes]);
    expect(chunks?.length).toBeGreaterThan(3);
    expect(chunks).toEqual(described(bytes));
  });

  const runs = fc.array(
    fc.tuple(
      fc.constantFrom(1, 5, 63, 64, 700),
      fc.constantFrom(0, 1, 1022, 1023, 1024, 1025, 3000),
    ),
    { maxLength: 8 },
  );
  const cuts = fc.array(fc.constantFrom(1, 63, 1023, 1024, 1025, 4000), { maxLength: 8 });

  test('takes 1024 zeros and more for a hole, however they come', () => {
    fc.assert(
      fc.property(runs, cuts, (parts, sizes) => {
        const bytes = Buffer.concat(
          parts.flatMap(([data, zeros]) => [Buffer.alloc(data, 7), Buffer.alloc(zeros)]),
        );
        const pieces: Uint8Array[] = [];
        let position = 0;
        for (const size of [...sizes, bytes.length]) {
          pieces.push(bytes.subarray(position, position + size));
          position += size;
        }
        const expected = described(bytes);
        expect(chunksOf(pieces, pieces)).toEqual([expected, expected]);
      }),
      { numRuns: 200 },
    );
  });

  test('cuts the same however the bytes come, and begins anew with every file', () => {
    const bytes = Buffer.concat([noise(200_000), Buffer.alloc(200_000), noise(200_000, 'other')]);
    const [whole = []] = chunksOf([bytes]);
    expect(whole.filter(([kind]) => kind === 'hole')).toEqual([['hole', 200_000]]);
    const pieces = Array.from({ length: 601 }, (_, index) =>
      bytes.subarray(index * 999, index * 999 + 999),
    );
    expect(chunksOf([noise(12_345)], pieces, [bytes]).slice(1)).toEqual([whole, whole]);
  });

  // As in contents.test.ts.
  test('knows the checksum of each file', () => {
    const chunker = new Chunker({ chunk: () => undefined, cut: () => undefined });
    const sums = [['hel', 'lo\n'], [], ['x'.repeat(512)]].map((pieces) => {
      for (const piece of pieces) chunker.push(Buffer.from(piece));
      return chunker.finish().toString('base64');
    });
    expect(sums).toEqual(['YUw+7uLYEAA=', 'AAAAAAAAAAA=', 'vNrv//////8=']);
  });

  test('has no chunks for nothing', () => {
    expect(chunksOf([], [new Uint8Array(0)])).toEqual([[], []]);
  });
});
