/** Turns compressed streams back into plain ones. */
import { availableParallelism } from 'node:os';
import type { Compression } from '../image/media-types.ts';
import { peek, type ByteStream } from '../io/bytes.ts';
import { detectCompression, MAGIC_LENGTH } from './detect.ts';
import { gunzip } from './gunzip.ts';
import { ThreadPool } from './thread-pool.ts';
import { throughThread } from './through-thread.ts';

/** The library of zstd is fast, and lets several streams go on side by side. */
const shared = new ThreadPool({ threads: availableParallelism(), linger: 500 });

/** Those of xz and bzip2 take their time, and memory that goes with the thread. */
const apart = new ThreadPool({ threads: Infinity, linger: 0 });

/**
 * The plain bytes of a stream in the given compression; members, frames and streams that follow
 * each other are read as one.
 * @throws OcipushError ARCHIVE_INVALID when the bytes are damaged; LIMIT_EXCEEDED when they take
 * more memory than zstd (128 MiB) or xz (64 MiB) gets; UNSUPPORTED for what the libraries of zstd
 * or xz cannot read, or when that of zstd is not there
 */
export function decompress(input: ByteStream, compression: Compression): ByteStream {
  switch (compression) {
    case 'none':
      return input;
    case 'gzip':
      return gunzip(input);
    case 'bzip2':
      return throughThread(input, { name: 'bunzip2' }, apart);
    case 'xz':
      return throughThread(input, { name: 'unxz' }, apart);
    case 'zstd':
      return throughThread(input, { name: 'unzstd' }, shared);
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
    // Where it fails before it begins nobody has taken it.
    await stream[Symbol.asyncIterator]().return?.();
  }
}
