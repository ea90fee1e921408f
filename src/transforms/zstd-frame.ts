/** Writes a stream as one zstd frame, in the thread that this runs in and in those of libzstd. */
import type { ByteStream } from '../io/bytes.ts';
import {
  returnContext,
  takeContext,
  type ZstdContext,
  type ZstdParameters,
} from './zstd-context.ts';
import { zstdBinding } from './zstd-library.ts';

export interface FrameOptions {
  readonly parameters: ZstdParameters;
  /** Threads of libzstd: at least 1, for without any it writes other bytes. */
  readonly workers: number;
}

/** Number of a parameter of libzstd (zstd.h). */
const WORKERS = 400;

const OUTPUT_CHUNK = 256 * 1024;
const NOTHING = new Uint8Array(0);

/** The same input and parameters give the same bytes for any number of workers. */
export async function* zstdFrame(input: ByteStream, options: FrameOptions): ByteStream {
  const context = takeContext([...options.parameters, [WORKERS, options.workers]]);
  let isWhole = false;
  try {
    yield* frameOf(input, context);
    isWhole = true;
  } finally {
    if (!isWhole) endFrame(context);
    returnContext(context);
  }
}

async function* frameOf(input: ByteStream, context: ZstdContext): ByteStream {
  const { EndDirective } = zstdBinding();
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

/** Lets the threads of libzstd finish what they have begun. */
function endFrame(context: ZstdContext): void {
  const output = new Uint8Array(OUTPUT_CHUNK);
  const { end } = zstdBinding().EndDirective;
  for (let left = 1; left > 0;) [left] = context.compressStream2(output, NOTHING, end);
}
