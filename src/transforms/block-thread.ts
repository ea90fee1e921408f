/** Has blocks compressed in threads. */
import { availableParallelism } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import type { BlockAnswer, BlockJob, CodecJob } from './codec-job.ts';
import { ThreadPool } from './thread-pool.ts';

/** More threads than this would take more memory than they are worth. */
export const BLOCK_THREADS = Math.min(availableParallelism(), 4);

export const blockThreads = new ThreadPool({ threads: BLOCK_THREADS, linger: 500 });

/**
 * @returns what has become of the block, in its memory
 * @throws Error when the codec does, or the thread ends
 */
export async function compressInThread(job: BlockJob, pool: ThreadPool): Promise<Uint8Array> {
  const { port1, port2 } = new MessageChannel();
  let release: () => Promise<void> = async () => undefined;
  const answering = new Promise<BlockAnswer>((resolve, reject) => {
    port1.once('message', resolve);
    const lease = pool.lease(reject);
    release = () => lease.release();
    const message: CodecJob = { codec: job, port: port2 };
    lease.worker.postMessage(message, [port2]);
  });
  try {
    const answer = await answering;
    if ('failure' in answer) throw new Error(answer.failure);
    return new Uint8Array(job.options.memory, 0, answer.length);
  } finally {
    port1.close();
    await release();
  }
}
