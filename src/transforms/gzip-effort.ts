/** What the levels of gzip mean. */
import { OcipushError } from '../errors.ts';
import type { DeflateEffort } from './deflate.ts';

const HUFFMAN_ONLY = -2;
const DEFAULT_LEVEL = -1;
/** What the reference takes -1 for. */
const REFERENCE_DEFAULT = 5;

const FASTEST: DeflateEffort = { depth: 1, lazyLength: 0, niceLength: 32 };
const SMALLEST: DeflateEffort = { depth: 256, lazyLength: 258, niceLength: 258 };
const LITERALS_ALONE: DeflateEffort = { depth: 0, lazyLength: 0, niceLength: 0 };

/**
 * The fastest that were found whose output is no larger than the reference's (klauspost/compress in
 * skopeo 1.18) at the level that is the index; measured on each of three layers of 101, 170 and 187
 * MB: a Debian root, libraries of gcc, perl and python3, Node.js. In MB for all three, ours and the
 * reference's, from level 1 on: 154.3 and 165.9; 154.3 and 160.9; 154.3 and 157.0; 148.0 and 152.6;
 * 146.2 and 148.7; 144.6 and 146.9; 143.9 and 144.3; 142.6 and 143.2; 141.7 and 142.7.
 */
const EFFORTS: readonly DeflateEffort[] = [
  'stored',
  FASTEST,
  FASTEST,
  FASTEST,
  { depth: 2, lazyLength: 6, niceLength: 32 },
  { depth: 3, lazyLength: 12, niceLength: 32 },
  { depth: 6, lazyLength: 16, niceLength: 32 },
  { depth: 8, lazyLength: 32, niceLength: 64 },
  { depth: 24, lazyLength: 64, niceLength: 128 },
  SMALLEST,
];

/** @throws OcipushError USAGE for a level that gzip does not have */
export function checkGzipLevel(level: number | undefined): void {
  if (level === undefined) return;
  if (Number.isInteger(level) && level >= HUFFMAN_ONLY && level <= 9) return;
  throw new OcipushError('USAGE', `gzip: invalid compression level: ${level}`, {
    origin: 'usage',
    hint: 'gzip takes levels 1 (fastest) to 9 (smallest)',
  });
}

/** @param level as {@link checkGzipLevel} accepts it */
export function gzipEffort(level = DEFAULT_LEVEL): DeflateEffort {
  if (level === HUFFMAN_ONLY) return LITERALS_ALONE;
  const effort = EFFORTS[level === DEFAULT_LEVEL ? REFERENCE_DEFAULT : level];
  if (effort === undefined) throw new TypeError(`${level} is no level of gzip`);
  return effort;
}

/** What the header of gzip says of it (XFL, RFC 1952, 2.3.1): that it is the fastest, or the smallest. */
export function extraFlags(effort: DeflateEffort): number {
  if (effort === SMALLEST) return 2;
  return effort === FASTEST ? 4 : 0;
}
