/** Tells the compression of bytes by how they begin. */
import type { Compression } from '../image/media-types.ts';

/** Bytes that are enough to tell any compression. */
export const MAGIC_LENGTH = 8;

/** First bytes of each format: RFC 1952, bzip2, the .xz file format, RFC 8878 (data frame). */
const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

/** `start`: the first {@link MAGIC_LENGTH} bytes, or all there are. */
export function detectCompression(start: Uint8Array): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, index) => start[index] === byte));
  return found?.[0] ?? 'none';
}
