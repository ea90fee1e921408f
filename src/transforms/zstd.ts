/** Writes zstd on all cores: one frame a stream. */
import { availableParallelism } from 'node:os';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { ByteStream } from '../io/bytes.ts';
import { ThreadPool } from './thread-pool.ts';
import { throughThread } from './through-thread.ts';
import { throughZlib } from './zlib-stream.ts';
import type { ZstdParameters } from './zstd-context.ts';
import { zstdEffort, zstdParameters } from './zstd-effort.ts';
import { zstdLibrary } from './zstd-library.ts';

export interface ZstdOptions {
  /** 1 (fastest) to 22 (smallest); any other integer is taken for the nearer; unset means 3. */
  readonly level?: number | undefined;
}

/** One thread feeds the threads of libzstd for all streams: it does little but copy. */
const feeder = new ThreadPool({ threads: 1, linger: 500 });

/** Threads of libzstd that one stream takes at most; each costs the memory of a job and a half. */
const MAX_WORKERS = 4;
const CORES = availableParallelism();
let working = 0;

/** Parameters as node:zlib takes them, by their numbers in libzstd (zstd.h). */
const CHECKSUM_FLAG = 201;
const JOB_SIZE = 401;
const OUTPUT_CHUNK = 256 * 1024;

interface ZlibWithZstd {
  createZstdCompress(options: {
    readonly chunkSize: number;
    readonly params: Readonly<Record<number, number>>;
  }): Transform;
}

/**
 * Names what decides the compressed bytes apart from the plain ones: the same name, the same bytes.
 * To be changed (`v1`) whenever {@link zstd} comes to write others.
 * @throws OcipushError UNSUPPORTED when there is no libzstd
 */
export function zstdCodec(level: number | undefined): string {
  const { kind, version } = zstdLibrary();
  const parameters = zstdParameters(zstdEffort(level)).map((pair) => pair.join('='));
  return `zstd v1 ${parameters.join(' ')} ${kind} ${version}`;
}

/**
 * Compresses a stream to one frame with a checksum. The same input, level and libzstd give the same
 * bytes on any number of cores.
 * @throws OcipushError UNSUPPORTED when there is no libzstd
 */
export async function* zstd(input: ByteStream, { level }: ZstdOptions): ByteStream {
  const parameters = zstdParameters(zstdEffort(level));
  if (zstdLibrary().kind === 'node') {
    yield* throughZlib(input, nodeCompressor(parameters));
    return;
  }
  // The first streams get the cores; each further one has to have a thread of its own.
  const workers = Math.min(Math.max(CORES - working, 1), MAX_WORKERS);
  working += workers;
  try {
    yield* throughThread(input, { name: 'zstd', options: { parameters, workers } }, feeder);
  } finally {
    working -= workers;
  }
}

/** Several threads are not for node:zlib: it takes it for the end when they are all busy. */
function nodeCompressor(parameters: ZstdParameters): Transform {
  const params = Object.fromEntries(parameters.filter(([number]) => number !== JOB_SIZE));
  return (zlib as unknown as ZlibWithZstd).createZstdCompress({
    chunkSize: OUTPUT_CHUNK,
    params: { ...params, [CHECKSUM_FLAG]: 1 },
  });
}
