/** What the levels of zstd:chunked mean. */
import {
  CHAIN_LOG,
  CHECKSUM_FLAG,
  COMPRESSION_LEVEL,
  HASH_LOG,
  type ZstdParameters,
} from '../zstd-parameters.ts';

/** What frames of up to so many bytes are made with; the last are for all that are longer. */
export type FrameParameters = readonly (readonly [upTo: number, ZstdParameters])[];

export interface ZstdChunkedEffort {
  readonly frames: FrameParameters;
  /** Of the table of contents and of tar-split. */
  readonly texts: ZstdParameters;
}

const REFERENCE_DEFAULT = 3;

/**
 * From which level on the reference (skopeo 1.18) takes more time, and the fastest that was found
 * with which libzstd 1.5.7 makes each of three layers of 101, 170 and 187 MB no larger than it does: a
 * Debian root, libraries of gcc, perl and python3, Node.js. In MB, ours and the reference's for all
 * three: 171.0 and 177.3; 165.9 and 166.2; 158.8 and 163.2; 154.8 and 155.4. What the reference does
 * when it is told no level is its 10; the manual says 3, which this does. The texts become no larger
 * at 1 than at 3, and take 14 MB less memory and a twentieth of the time of all. Frames are short:
 * small tables, which are cleared for each, find nearly as much as large ones.
 */
const EFFORTS: readonly (readonly [from: number, ZstdChunkedEffort])[] = [
  [-Infinity, effort([[COMPRESSION_LEVEL, 1]], [[COMPRESSION_LEVEL, 1]])],
  [
    3,
    effort(
      [
        [COMPRESSION_LEVEL, 3],
        [HASH_LOG, 13],
        [CHAIN_LOG, 12],
      ],
      [[COMPRESSION_LEVEL, 1]],
    ),
  ],
  [6, effort([[COMPRESSION_LEVEL, 5]], [[COMPRESSION_LEVEL, 5]])],
  [10, effort([[COMPRESSION_LEVEL, 8]], [[COMPRESSION_LEVEL, 7]])],
];

function effort(frames: ZstdParameters, texts: ZstdParameters): ZstdChunkedEffort {
  const checksum = [CHECKSUM_FLAG, 1] as const;
  return { frames: [[Infinity, [...frames, checksum]]], texts: [...texts, checksum] };
}

/** @param level any integer; unset: the default */
export function zstdChunkedEffort(level = REFERENCE_DEFAULT): ZstdChunkedEffort {
  const found = EFFORTS.findLast(([from]) => level >= from);
  if (found === undefined) throw new TypeError(`${level} is no number`);
  return found[1];
}
