/** What the levels of zstd mean: the reference knows four, libzstd many more. */
import { OcipushError } from '../errors.ts';
import { MIB } from '../io/bytes.ts';
import {
  CHAIN_LOG,
  CHECKSUM,
  COMPRESSION_LEVEL,
  HASH_LOG,
  WINDOW_LOG,
  type ZstdParameters,
} from './zstd-parameters.ts';

/** How a stream is compressed. */
export interface ZstdEffort {
  /** Plain bytes of a frame; only the last one of a stream has fewer. */
  readonly frameSize: number;
  readonly parameters: ZstdParameters;
}

/** What levels from one on mean, in ascending order: the first is for all below the second. */
export type EffortTable<Effort> = readonly (readonly [from: number, Effort])[];

const REFERENCE_DEFAULT = 3;

/**
 * From which level on the reference (klauspost/compress in skopeo 1.18) takes more time, and the
 * fastest that was found with which libzstd 1.5.7 writes no more than it does for three layers of 101,
 * 170 and 187 MB: a Debian root, libraries of gcc, perl and python3, Node.js. In MB for all three, ours
 * and the reference's: 136.3 and 136.8; 123.1 and 123.7; 115.1 and 116.7; 108.2 and 108.7. No layer
 * is larger by more than 1.4 %. Smaller frames write more, for each begins without knowing those before it.
 */
const EFFORTS: EffortTable<ZstdEffort> = [
  [-Infinity, effort(10, [COMPRESSION_LEVEL, 1], [WINDOW_LOG, 22], [HASH_LOG, 15])],
  [3, effort(10, [COMPRESSION_LEVEL, 3], [WINDOW_LOG, 23], [CHAIN_LOG, 12])],
  [6, effort(10, [COMPRESSION_LEVEL, 5], [WINDOW_LOG, 23], [HASH_LOG, 20])],
  [10, effort(16, [COMPRESSION_LEVEL, 9], [WINDOW_LOG, 24])],
];

function effort(frameMebibytes: number, ...parameters: [number, number][]): ZstdEffort {
  return { frameSize: frameMebibytes * MIB, parameters: [...parameters, CHECKSUM] };
}

/** @param level any integer; unset: the default */
export function zstdEffort(level: number | undefined): ZstdEffort {
  return effortAt(EFFORTS, level);
}

/** What a level means in a table, if unset the reference's default. */
export function effortAt<Effort>(
  efforts: EffortTable<Effort>,
  level: number = REFERENCE_DEFAULT,
): Effort {
  const found = efforts.findLast(([from]) => level >= from);
  if (found === undefined) throw new TypeError(`${level} is no number`);
  return found[1];
}

/** The levels that libzstd has (ZSTD_minCLevel and ZSTD_maxCLevel in zstd.h). */
const LOWEST = -131_072;
const HIGHEST = 22;

/**
 * The reference takes any number for the nearest of its four levels.
 * @throws OcipushError USAGE for a level that zstd does not have
 */
export function checkZstdLevel(level: number | undefined): void {
  if (level === undefined) return;
  if (Number.isInteger(level) && level >= LOWEST && level <= HIGHEST) return;
  throw new OcipushError('USAGE', `zstd: invalid compression level: ${level}`, {
    origin: 'usage',
    hint: 'zstd takes levels 1 (fastest) to 22 (smallest)',
  });
}
