/** Writes a stream as one zstd frame, in the thread that this runs in and in those of libzstd. */
import type { ByteStream } from '../io/bytes.ts';
import { zstdBinding } from './zstd-library.ts';

export interface FrameOptions {
  /** By their numbers in libzstd. */
  readonly parameters: readonly (readonly [number, number])[];
  /** Threads of libzstd: at least 1, for without any it writes other bytes. */
  readonly workers: number;
}

/** Numbers of libzstd (zstd.h). */
const CHECKSUM_FLAG = 201;
const WORKERS = 400;

const OUTPUT_CHUNK = 256 * 1024;
const NOTHING = new Uint8Array(0);

/** The same input and parameters give the same bytes for any number of workers. */
export async function* zstdFrame(input: ByteStream, options: FrameOptions): ByteStream {
  const { CCtx, EndDirective } = zstdBinding();
  const context = new CCtx();
  for (const [parameter, value] of options.parameters) context.setParameter(parameter, value);
  context.setParameter(CHECKSUM_FLAG, 1);
  context.setParameter(WORKERS, options.workers);
  const output = new Uint8Array(OUTPUT_CHUNK);
  let filled = 0;
  for await (const chunk of input) {
    for (let taken = 0; taken < chunk.length;) {
      const [, written, read] = context.compressStream2(
        output.subarray(filled),
        chunk.subarray(taken),
        EndDirective.continue,
      );
      taken += read;
      filled += written;
      if (filled < output.length) continue;
      yield output;
      filled = 0;
    }
  }
  // What ends the frame comes alone, for with the first bytes it would make other parameters.
  for (let left = 1; left > 0;) {
    const [remaining, written] = context.compressStream2(
      output.subarray(filled),
      NOTHING,
      EndDirective.end,
    );
    left = remaining;
    filled += written;
    if (filled > 0) yield output.subarray(0, filled);
    filled = 0;
  }
}
