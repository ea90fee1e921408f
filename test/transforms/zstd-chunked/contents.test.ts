/** What the module says of contents, beside what is said of them slowly, byte by byte. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTENTS, Contents, WINDOW } from '../../../src/transforms/zstd-chunked/contents.ts';
import { noise } from '../../support/make-image.ts';

/** As the polynomial is written: bit by bit, the lowest first. */
function describedChecksum(bytes: Uint8Array): string {
  let sum = 0xffff_ffff_ffff_ffffn;
  for (const byte of bytes) {
    sum ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) {
      sum = (sum >> 1n) ^ ((sum & 1n) * 0xd800_0000_0000_0000n);
    }
  }
  return (sum ^ 0xffff_ffff_ffff_ffffn).toString(16).padStart(16, '0');
}

/** Of each byte of a window, the newest one once, the oldest one 64 times. */
function describedEnd(bytes: Uint8Array, from: number, to: number): number | undefined {
  for (let end = from + 1; end <= to; end += 1) {
    const window = bytes.subarray(end - 64, end);
    const sum = window.reduce((before, byte, place) => before + byte * (64 - place), 124_992);
    if ((sum & 0xffff) === 0xffff) return end;
  }
  return undefined;
}

/** A window after which a chunk ends: 64 * 94 + 63 are what zeros lack. */
const ENDING = Buffer.from([94, ...Buffer.alloc(WINDOW - 2), 63]);

describe.each(['simd', 'scalar'] as const)('with %s, the checksum', (processor) => {
  const contents = new Contents(processor);

  function checksum(...parts: readonly Uint8Array[]): Buffer {
    for (const part of parts) {
      contents.bytes.set(part, WINDOW);
      contents.addToChecksum(WINDOW, WINDOW + part.length);
    }
    return contents.takeChecksum();
  }

  // Go: crc64.Checksum(bytes, crc64.MakeTable(crc64.ISO)), big endian.
  test.each([
    ['hello\n', 'YUw+7uLYEAA='],
    ['1', 'QyAAAAAAAAA='],
    ['x'.repeat(512), 'vNrv//////8='],
    ['', 'AAAAAAAAAAA='],
    ['world\n'.repeat(10), 'NgQbh2QMdT8='],
  ])('of %j', (text, expected) => {
    expect(checksum(Buffer.from(text)).toString('base64')).toBe(expected);
  });

  test('is the one described, for every length and however the bytes come', () => {
    const bytes = noise(300);
    for (let length = 0; length <= bytes.length; length += 1) {
      const part = bytes.subarray(0, length);
      const expected = describedChecksum(part);
      expect(checksum(part).toString('hex')).toBe(expected);
      for (let cut = 0; cut <= length; cut += 7) {
        const sum = checksum(part.subarray(0, cut), part.subarray(cut));
        expect(sum.toString('hex')).toBe(expected);
      }
    }
  });

  test('is the one described, for as much as there is room for', () => {
    const bytes = noise(CONTENTS - WINDOW);
    expect(checksum(bytes).toString('hex')).toBe(describedChecksum(bytes));
  });
});

describe.each(['simd', 'scalar'] as const)('with %s, the end of a chunk', (processor) => {
  /** The bytes before and behind those that are asked for, too, stand in the memory. */
  function endIn(bytes: Uint8Array, from: number, to: number): number | undefined {
    const contents = new Contents(processor);
    contents.bytes.set(bytes);
    return contents.endOfChunk(from, to);
  }

  test('is the one described, wherever it is looked for', () => {
    const bytes = Buffer.from(noise(CONTENTS));
    expect(describedEnd(bytes, WINDOW, CONTENTS)).toBeUndefined();
    expect(endIn(bytes, WINDOW, CONTENTS)).toBeUndefined();
    const end = 5003;
    bytes.set(ENDING, end - ENDING.length);
    for (let near = 0; near < 40; near += 1) {
      expect(endIn(bytes, end - 1 - near, CONTENTS)).toBe(end);
      expect(endIn(bytes, end - 1 - near, end)).toBe(end);
      expect(endIn(bytes, end - 1 - near, end - 1)).toBeUndefined();
      expect(endIn(bytes, WINDOW + near, CONTENTS)).toBe(end);
    }
  });

  test('is the one described, in bytes of all kinds', () => {
    const part = fc.oneof(
      fc
        .tuple(fc.nat(255), fc.integer({ min: 1, max: 200 }))
        .map(([byte, length]) => Buffer.alloc(length, byte)),
      fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.string()).map((of) => noise(...of)),
      fc.constant(ENDING),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.nat(100), (parts, skipped) => {
        const bytes = Buffer.concat([Buffer.alloc(WINDOW), ...parts]);
        const from = Math.min(WINDOW + skipped, bytes.length);
        const to = bytes.length;
        expect(endIn(bytes, from, to)).toBe(describedEnd(bytes, from, to));
      }),
      { numRuns: 200 },
    );
  });
});
