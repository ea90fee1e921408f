/** Turns compressed streams back into plain ones. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf, OcipushError } from '../errors.ts';
import type { Compression } from '../image/media-types.ts';
import { peek, type ByteStream } from '../io/bytes.ts';
import { systemCode } from '../io/system-error.ts';
import { detectCompression, MAGIC_LENGTH } from './detect.ts';

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
          hint: 'decompress it first, or compress it with gzip',
        },
      );
  }
}

/**
 * The plain bytes of a stream in whatever compression it begins with.
 * @throws OcipushError as {@link decompress}
 */
export async function* decompressAny(input: ByteStream): ByteStream {
  const { start, stream } = await peek(input, MAGIC_LENGTH);
  try {
    yield* decompress(stream, detectCompression(start));
  } finally {
    // Where it cannot be decompressed nobody has taken it.
    await stream[Symbol.asyncIterator]().return?.();
  }
}

async function* gunzip(input: ByteStream): ByteStream {
  // The copy is needed because zlib keeps a chunk while the source already fills its buffer again.
  async function* copies(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) yield new Uint8Array(chunk);
  }
  const inflated = createGunzip({ chunkSize: OUTPUT_CHUNK });
  // What it fails with ends the iteration below as well.
  pipeline(Readable.from(copies(), { objectMode: false }), inflated, () => undefined);
  try {
    yield* inflated as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw isDamage(error) ? damaged(error) : error;
  }
}

/** Whether zlib says it of the data, and not the input of itself. */
function isDamage(error: unknown): boolean {
  return systemCode(error)?.startsWith('Z_') ?? false;
}

function damaged(error: unknown): OcipushError {
  return new OcipushError('ARCHIVE_INVALID', `gzip: ${messageOf(error)}`, {
    origin: 'source',
    hint: 'the compressed data is damaged or cut short: copy or save it again',
    cause: error,
  });
}
