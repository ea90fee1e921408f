/** What the levels of zstd mean: the reference knows four, libzstd many more. */
import { OcipushError } from '../errors.ts';
import type { ZstdParameters } from './zstd-context.ts';

/** Parameters of compression by the names of libzstd, each with its number there (zstd.h). */
const NUMBERS = {
  compressionLevel: 100,
  windowLog: 101,
  chainLog: 103,
  enableLongDistanceMatching: 160,
  jobSize: 401,
} as const;

export type ZstdEffort = Readonly<Partial<Record<keyof typeof NUMBERS, number>>>;

/** The number of a parameter, as both bindings take it. */
export function zstdParameters(effort: ZstdEffort): ZstdParameters {
  const names = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
  return names.flatMap((name) => {
    const value = effort[name];
    return value === undefined ? [] : [[NUMBERS[name], value] as const];
  });
}

const MIB = 1024 * 1024;
const REFERENCE_DEFAULT = 3;

/**
 * From which level on the reference (klauspost/compress in skopeo 1.18) takes more time, and the
 * fastest parameters that were found with which libzstd 1.5.7 writes no more than it does; measured
 * on each of three layers of 101, 170 and 187 MB: a Debian root, libraries of gcc, perl and
 * python3, Node.js. In MB and seconds of a core for all three, ours and then the reference's with
 * all that it does: 130.8 in 1.7, 136.8 in 3.8; 122.2 in 1.8, 123.7 in 3.6; 113.5 in 5.1, 115.7 in
 * 10.5; 105.8 in 8.9, 106.8 in 39.7. Jobs (what a core compresses at a time) of 4 MiB take a third
 * of the memory that the default would, and a window beyond that makes up for them.
 */
const EFFORTS: readonly (readonly [from: number, ZstdEffort])[] = [
  [-Infinity, { compressionLevel: 2, windowLog: 21, jobSize: 4 * MIB }],
  [3, { compressionLevel: 3, windowLog: 23, chainLog: 14, jobSize: 4.5 * MIB }],
  [6, { compressionLevel: 6, windowLog: 23, jobSize: 4 * MIB }],
  [10, { compressionLevel: 10, windowLog: 25, jobSize: 8 * MIB, enableLongDistanceMatching: 1 }],
];

/** @param level any integer, as in the reference; unset: the default */
export function zstdEffort(level = REFERENCE_DEFAULT): ZstdEffort {
  return EFFORTS.findLast(([from]) => level >= from)?.[1] ?? {};
}

/** @throws OcipushError USAGE for what is no integer */
export function checkZstdLevel(level: number | undefined): void {
  if (level === undefined || Number.isInteger(level)) return;
  throw new OcipushError('USAGE', `zstd: invalid compression level: ${level}`, {
    origin: 'usage',
    hint: 'zstd takes levels 1 (fastest) to 22 (smallest)',
  });
}
