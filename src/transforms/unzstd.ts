/** Reads zstd: any number of frames, and skippable ones between them. */
import type { ByteStream } from '../io/bytes.ts';
import { messageOf } from '../errors.ts';
import { damaged, tooDemanding } from './damage.ts';
import { zstdBinding } from './zstd-library.ts';
import { USUAL_WINDOW_LOG, wantsLargeWindow } from './zstd-window.ts';

const OUTPUT_CHUNK = 256 * 1024;

/**
 * libzstd reads frames whose window has at most 128 MiB; behind one that has a usual window, only
 * such.
 * @throws OcipushError ARCHIVE_INVALID, LIMIT_EXCEEDED; UNSUPPORTED when zstd-napi is not there
 */
export async function* unzstd(input: ByteStream): ByteStream {
  const { DCtx, DParameter } = zstdBinding();
  const context = new DCtx();
  const output = new Uint8Array(OUTPUT_CHUNK);
  let filled = 0;
  let isWhole = false;
  let hasBegun = false;
  for await (const chunk of input) {
    if (!hasBegun && !wantsLargeWindow(chunk)) {
      context.setParameter(DParameter.windowLogMax, USUAL_WINDOW_LOG);
    }
    hasBegun = true;
    for (let taken = 0; taken < chunk.length || filled === output.length;) {
      if (filled === output.length) {
        yield output;
        filled = 0;
      }
      const [remaining, written, read] = attempt(() =>
        context.decompressStream(output.subarray(filled), chunk.subarray(taken)),
      );
      // With nothing to read and nothing to write it asks for the header of another frame.
      if (written > 0 || read > 0) isWhole = remaining === 0;
      taken += read;
      filled += written;
    }
  }
  if (filled > 0) yield output.subarray(0, filled);
  if (!isWhole) throw damaged('zstd', 'unexpected end of file');
}

function attempt<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const isWindow = messageOf(error).includes('too much memory');
    throw isWindow ? tooDemanding('zstd', '128 MiB', error) : damaged('zstd', error);
  }
}
