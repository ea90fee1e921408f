import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Crc64 } from '../../../src/transforms/zstd-chunked/crc64.ts';

function sum(...parts: readonly Uint8Array[]): string {
  const crc = new Crc64();
  for (const part of parts) crc.update(part);
  return crc.digest().toString('base64');
}

// Go: crc64.Checksum(bytes, crc64.MakeTable(crc64.ISO)), big endian.
test.each([
  ['hello\n', 'YUw+7uLYEAA='],
  ['1', 'QyAAAAAAAAA='],
  ['x'.repeat(512), 'vNrv//////8='],
  ['', 'AAAAAAAAAAA='],
  ['world\n'.repeat(10), 'NgQbh2QMdT8='],
])('%j', (text, expected) => {
  expect(sum(Buffer.from(text))).toBe(expected);
});

test('is the same however the bytes come', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      expect(sum(bytes.subarray(0, cut), bytes.subarray(cut))).toBe(sum(bytes));
    }),
  );
});
