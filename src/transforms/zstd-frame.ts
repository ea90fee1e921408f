/** Compresses one frame of zstd, in the thread that this runs in. */
import { returnContext, takeContext } from './zstd-context.ts';
import { zstdBinding } from './zstd-library.ts';
import type { ZstdParameters } from './zstd-parameters.ts';

/** What is to become a frame: the first bytes of the memory, which has room for {@link frameBound}. */
export interface PlainFrame {
  readonly parameters: ZstdParameters;
  readonly memory: SharedArrayBuffer;
  readonly length: number;
}

/** Bytes of a frame at most whose contents have `length` bytes (ZSTD_compressBound in zstd.h). */
export function frameBound(length: number): number {
  const margin = 128 * 1024;
  return length + (length >> 8) + Math.max(0, (margin - length) >> 11);
}

/** Libzstd cannot compress in place; what it writes to is used again. */
let scratch = new Uint8Array(0);

/**
 * Puts the frame into the first bytes of the same memory.
 * @returns its length
 * @throws Error when libzstd does
 */
export function compressFrame({ parameters, memory, length }: PlainFrame): number {
  const bound = zstdBinding().compressBound(length);
  if (scratch.length < bound) scratch = new Uint8Array(bound);
  const context = takeContext(parameters);
  try {
    const written = context.compress2(scratch, new Uint8Array(memory, 0, length));
    new Uint8Array(memory).set(scratch.subarray(0, written));
    return written;
  } finally {
    returnContext(context, parameters);
  }
}
