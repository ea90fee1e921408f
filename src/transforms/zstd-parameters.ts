/** Parameters of libzstd, by their numbers in zstd.h. */

export type ZstdParameters = readonly (readonly [number, number])[];

export const COMPRESSION_LEVEL = 100;
export const WINDOW_LOG = 101;
export const HASH_LOG = 102;
export const CHAIN_LOG = 103;
export const MIN_MATCH = 105;
export const STRATEGY = 107;

/** Frames end with a checksum of their contents, as those of the reference. */
export const CHECKSUM = [201, 1] as const;

/** A strategy (ZSTD_lazy). */
export const LAZY = 4;

/** The same parameters, the same text. */
export function formatParameters(parameters: ZstdParameters): string {
  return parameters.map((pair) => pair.join('=')).join(' ');
}
