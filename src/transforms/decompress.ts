/** Turns compressed streams back into plain ones. */
import { availableParallelism } from 'node:os';
import type { Compression } from '../image/media-types.ts';
import { peek, type ByteStream } from '../io/bytes.ts';
import { createLimiter } from '../io/limiter.ts';
import { detectCompression, MAGIC_LENGTH } from './detect.ts';
import { gunzip } from './gunzip.ts';
import { ThreadPool } from './thread-pool.ts';
import { throughThread } from './through-thread.ts';
import { WINDOW_START, wantsLargeWindow } from './zstd-window.ts';

/** The library of zstd is fast, and lets several streams go on side by side. */
const shared = new ThreadPool({ threads: availableParallelism(), linger: 500 });

/** Those of xz and bzip2 take their time, and memory that goes with the thread. */
const apart = new ThreadPool({ threads: Infinity, linger: 0 });

/** What takes up to 128 MiB goes one at a time, or an image of a few hundred bytes would fill any memory. */
const large = createLimiter(1);

/**
 * The plain bytes of a stream in the given compression; members, frames and streams that follow
 * each other are read as one. Of those that take much memory (xz, bzip2, and zstd with a large
 * window) the next begins when the last one has ended: who takes one must not wait for another.
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
      return alone(input, (stream) => throughThread(stream, { name: 'bunzip2' }, apart));
    case 'xz':
      return alone(input, (stream) => throughThread(stream, { name: 'unxz' }, apart));
    case 'zstd':
      return unzstd(input);
  }
}

async function* unzstd(input: ByteStream): ByteStream {
  const { start, stream } = await peek(input, WINDOW_START);
  const begin = (from: ByteStream): ByteStream => throughThread(from, { name: 'unzstd' }, shared);
  yield* wantsLargeWindow(start) ? alone(stream, begin) : begin(stream);
}

/** The stream that is begun when no other one is on its way; until then nothing of it is read. */
async function* alone(input: ByteStream, begin: (input: ByteStream) => ByteStream): ByteStream {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  await new Promise<void>((resolve) => {
    void large(() => {
      resolve();
      return ended;
    });
  });
  try {
    yield* begin(input);
  } finally {
    end();
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
