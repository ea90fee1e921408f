/** Writes layers as zstd:chunked, of which pullers fetch only the files that they do not have. */
import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ByteStream } from '../io/bytes.ts';
import type { CodecJob } from './codec-job.ts';
import { ThreadPool, type ThreadLease } from './thread-pool.ts';
import { throughThread } from './through-thread.ts';
import { zstdChunkedEffort, type FrameParameters } from './zstd-chunked/effort.ts';
import { zstdLibrary } from './zstd-library.ts';
import { formatParameters } from './zstd-parameters.ts';

export { isChunkedObstacle } from './zstd-chunked/obstacle.ts';

export interface ZstdChunkedOptions {
  /** 1 (fastest) to 22 (smallest); any other integer is taken for the nearer; unset means 3. */
  readonly level?: number | undefined;
}

/** A layer that is being written. */
export interface ZstdChunkedLayer {
  readonly stream: ByteStream;
  /**
   * What its descriptor has to say for the format to be of use.
   * @throws TypeError while the stream has not been taken to its end
   */
  readonly annotations: () => Readonly<Record<string, string>>;
}

const CORES = availableParallelism();

/** A layer takes one thread that takes it apart, and these for its frames, which cost more. */
const FRAME_THREADS = Math.max(1, Math.min(CORES - 1, 2));

const threads = new ThreadPool({ threads: CORES, linger: 500 });

/**
 * Names what decides the compressed bytes apart from the plain ones: the same name, the same bytes.
 * To be changed (`v3`) whenever {@link zstdChunked} comes to write others.
 * @throws OcipushError UNSUPPORTED when there is no libzstd
 */
export function zstdChunkedCodec(level: number | undefined): string {
  const { kind, version } = zstdLibrary();
  const { frames, texts } = zstdChunkedEffort(level);
  const classes = frames.map(([upTo, parameters]) => `${upTo}: ${formatParameters(parameters)}`);
  const settings = `${classes.join(' ')} texts ${formatParameters(texts)}`;
  return `zstd:chunked v2 ${settings} ${kind} ${version}`;
}

/**
 * Compresses the tar of a layer. Any reader of zstd gets the same tar back; the same input, level
 * and libzstd give the same bytes on any number of cores.
 *
 * The stream throws UNSUPPORTED when zstd-napi is not there, and when the format cannot carry the
 * layer: sparse files, names that are not UTF-8 or come twice, members of rare types, no bytes at
 * all. What the reference makes of these is refused by those who pull it. That is known as soon as
 * such a member comes, be it the last one: {@link isChunkedObstacle} tells this error from others,
 * and who gets it gives up what it has stored of the blob and begins the layer anew with `zstd`,
 * which has the same media type.
 */
export function zstdChunked(input: ByteStream, { level }: ZstdChunkedOptions): ZstdChunkedLayer {
  let annotations: Readonly<Record<string, string>> | undefined;
  async function* stream(): ByteStream {
    const { frames, texts } = zstdChunkedEffort(level);
    const helpers = Array.from({ length: FRAME_THREADS }, () => leaseHelper(frames));
    const ports = helpers.map(({ port }) => port);
    const options = { frames, texts, ports };
    try {
      const codec = { name: 'zstd-chunked', options } as const;
      annotations = (yield* throughThread(input, codec, threads, ports)) as typeof annotations;
    } finally {
      for (const { lease } of helpers) await lease.release();
    }
  }
  return {
    stream: stream(),
    annotations: () => {
      if (annotations === undefined) throw new TypeError('the stream has not ended');
      return annotations;
    },
  };
}

/** A thread that makes frames, until the port that it is reached through is closed. */
function leaseHelper(frames: FrameParameters): {
  readonly port: MessagePort;
  readonly lease: ThreadLease;
} {
  const { port1, port2 } = new MessageChannel();
  // Its end closes the port, which is noticed at the other end.
  const lease = threads.lease(() => undefined);
  const job: CodecJob = { codec: { name: 'zstd-frames', options: { frames } }, port: port1 };
  lease.worker.postMessage(job, [port1]);
  return { port: port2, lease };
}
