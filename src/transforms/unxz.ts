/** Reads .xz files: any number of streams, and the padding between them. */
import xz from 'xz-decompress';
import { messageOf, OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { damaged, tooDemanding } from './damage.ts';

/** Results of the decoder (xz_ret in xz.h of XZ Embedded), as they stand in its messages. */
const MEMORY_LIMIT = 'error code 4';
const OPTIONS = 'error code 6';

/**
 * The decoder reads windows of at most 64 MiB, which is what `xz -9` writes.
 * @throws OcipushError ARCHIVE_INVALID, LIMIT_EXCEEDED; UNSUPPORTED for filters and checks that the
 * decoder does not have
 */
export async function* unxz(input: ByteStream): ByteStream {
  const bytes = input[Symbol.asyncIterator]();
  let inputFailure: { readonly reason: unknown } | undefined;
  const source = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const next = await bytes.next();
        if (next.done) controller.close();
        // The copy is needed because the decoder takes a chunk in pieces.
        else controller.enqueue(new Uint8Array(next.value));
      } catch (error) {
        inputFailure = { reason: error };
        throw error;
      }
    },
  });
  try {
    yield* new xz.XzReadableStream(source) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw inputFailure ? inputFailure.reason : decoderError(error);
  } finally {
    await bytes.return?.();
  }
}

function decoderError(error: unknown): OcipushError {
  const message = messageOf(error);
  if (message.includes(MEMORY_LIMIT)) return tooDemanding('xz', '64 MiB', error);
  if (!message.includes(OPTIONS)) return damaged('xz', error);
  return new OcipushError('UNSUPPORTED', 'xz: compressed with a filter or check that is not read', {
    origin: 'source',
    hint: 'compress it again, with the options that xz has by default',
    cause: error,
  });
}
