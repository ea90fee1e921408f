/** What the levels of zstd:chunked mean. */
import { effortAt, type EffortTable } from '../zstd-effort.ts';
import {
  CHAIN_LOG,
  CHECKSUM,
  COMPRESSION_LEVEL,
  HASH_LOG,
  LAZY,
  MIN_MATCH,
  STRATEGY,
  WINDOW_LOG,
  type ZstdParameters,
} from '../zstd-parameters.ts';

/** What frames of up to so many bytes are made with; the last are for all that are longer. */
export type FrameParameters = readonly (readonly [upTo: number, ZstdParameters])[];

export interface ZstdChunkedEffort {
  readonly frames: FrameParameters;
  /** Of the table of contents and of tar-split. */
  readonly texts: ZstdParameters;
}

const KIB = 1024;

/** Searched with small tables, which are cleared for each frame: short ones find nearly as much in them. */
const SHORT_SEARCH: ZstdParameters = [
  [COMPRESSION_LEVEL, 3],
  [HASH_LOG, 13],
  [CHAIN_LOG, 12],
];

/** Short matches are not worth it: the table of contents is full of digests, which have them by chance. */
const SMALL_TEXTS: ZstdParameters = [
  [COMPRESSION_LEVEL, 8],
  [MIN_MATCH, 6],
  [HASH_LOG, 18],
];

/** Two are made for each layer at a time: a small window takes 8 KB more of 4 MB, and less memory. */
const QUICK_TEXTS: ZstdParameters = [
  [COMPRESSION_LEVEL, 1],
  [WINDOW_LOG, 18],
  [HASH_LOG, 13],
];

/**
 * From which level on the reference (skopeo 1.18) takes more time, and the fastest that was found
 * with which libzstd 1.5.7 makes three layers of 101, 170 and 187 MB no larger than it does: a Debian
 * root, libraries of gcc, perl and python3, Node.js. In MB, ours and the reference's for all three:
 * 171.0 and 177.3; 165.9 and 166.2; 161.4 and 163.2; 155.3 and 155.4. No layer is larger by more than
 * 0.2 %. What the reference does when it is told no level is its 10; the manual says 3, which this does.
 */
const EFFORTS: EffortTable<ZstdChunkedEffort> = [
  [-Infinity, effort([[Infinity, atLevel(1)]], QUICK_TEXTS)],
  [3, effort([[Infinity, SHORT_SEARCH]], QUICK_TEXTS)],
  [
    6,
    effort(
      [
        [128 * KIB, atLevel(4)],
        [Infinity, atLevel(3)],
      ],
      SMALL_TEXTS,
    ),
  ],
  [
    10,
    effort(
      [
        [16 * KIB, atLevel(5)],
        [256 * KIB, [...atLevel(8), [STRATEGY, LAZY]]],
        [Infinity, atLevel(8)],
      ],
      SMALL_TEXTS,
    ),
  ],
];

function atLevel(level: number): ZstdParameters {
  return [[COMPRESSION_LEVEL, level]];
}

function effort(frames: FrameParameters, texts: ZstdParameters): ZstdChunkedEffort {
  return {
    frames: frames.map(([upTo, parameters]) => [upTo, [...parameters, CHECKSUM]]),
    texts: [...texts, CHECKSUM],
  };
}

/** @param level any integer; unset: the default */
export function zstdChunkedEffort(level: number | undefined): ZstdChunkedEffort {
  return effortAt(EFFORTS, level);
}
