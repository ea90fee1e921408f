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

/** RFC 8878, 3.1.2, but for the last four bits of the first byte. */
const SKIPPABLE_FRAME = [0x50, 0x2a, 0x4d, 0x18];

/**
 * `start`: the first {@link MAGIC_LENGTH} bytes, or all there are. A skippable frame, with which pzstd
 * begins, makes zstd: the reference takes such a layer for a plain one, and spoils the image.
 */
export function detectCompression(start: Uint8Array): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, index) => start[index] === byte));
  if (found) return found[0];
  const [first = 0, ...others] = start.subarray(0, SKIPPABLE_FRAME.length);
  const isSkippable = Buffer.from([first & 0xf0, ...others]).equals(Buffer.from(SKIPPABLE_FRAME));
  return isSkippable ? 'zstd' : 'none';
}
