/** Turns compressed streams back into plain ones. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OcipushError, wrapError } from '../errors.ts';
import type { Compression } from '../image/media-types.ts';
import type { ByteStream } from '../io/bytes.ts';

/** Bytes zlib hands out at a time; its default of 16 KiB costs a fifth of the speed. */
const OUTPUT_CHUNK = 256 * 1024;

/**
 * The plain bytes of a stream in the given compression.
 * @throws OcipushError UNSUPPORTED for a compression that cannot be read; ARCHIVE_INVALID when the
 * bytes are damaged
 */
export function decompress(input: ByteStream, compression: Compression): ByteStream {
  switch (compression) {
    case 'none':
      return input;
    case 'gzip':
      return gunzip(input);
    case 'bzip2':
    case 'xz':
    case 'zstd':
      throw new OcipushError(
        'UNSUPPORTED',
        `reading ${compression}-compressed data is not supported`,
        {
          origin: 'source',
          hint: `decompress it first, or compress it with gzip`,
        },
      );
  }
}

async function* gunzip(input: ByteStream): ByteStream {
  // The copy is needed because zlib keeps a chunk while the source already fills its buffer again.
  async function* copies(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) yield Uint8Array.from(chunk);
  }
  const inflated = createGunzip({ chunkSize: OUTPUT_CHUNK });
  let inputError: unknown;
  pipeline(Readable.from(copies(), { objectMode: false }), inflated, (error) => {
    inputError = error;
  });
  try {
    yield* inflated as AsyncIterable<Uint8Array>;
  } catch (error) {
    const cause = inputError instanceof OcipushError ? inputError : error;
    throw wrapError(cause, 'gzip', { code: 'ARCHIVE_INVALID', origin: 'source' });
  }
}
