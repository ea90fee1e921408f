/** How much memory a zstd stream wants, by how it begins. */

/** Bytes of a stream that are enough to tell. */
export const WINDOW_START = 6;

/** Binary logarithm of the largest window that any of zstd's usual levels writes: 8 MiB. */
export const USUAL_WINDOW_LOG = 23;

const DATA_FRAME = Buffer.from('28b52ffd', 'hex');

/**
 * Whether the first frame may want a larger window than usual (RFC 8878, 3.1.1.1): so does one whose
 * window does not stand in `start`, its first bytes.
 */
export function wantsLargeWindow(start: Uint8Array): boolean {
  const [descriptor = 0, window = 0] = start.subarray(DATA_FRAME.length);
  const isData = Buffer.from(start.subarray(0, DATA_FRAME.length)).equals(DATA_FRAME);
  if (!isData) return true;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  // A frame of one segment has its length instead, here of at most 64 KiB and a little.
  if (isSingleSegment) return descriptor >> 6 > 1;
  const [exponent, mantissa] = [window >> 3, window & 7];
  return 10 + exponent > USUAL_WINDOW_LOG || (10 + exponent === USUAL_WINDOW_LOG && mantissa > 0);
}
