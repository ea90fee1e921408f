/** Has blocks compressed in threads. */
import { availableParallelism } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import type { CompressedBlock } from './block-queue.ts';
import type { BlockAnswer, BlockJob, CodecJob } from './codec-job.ts';
import { ThreadPool } from './thread-pool.ts';

/** More threads than this would take more memory than they are worth. */
export const BLOCK_THREADS = Math.min(availableParallelism(), 4);

export const blockThreads = new ThreadPool({ threads: BLOCK_THREADS, linger: 500 });

/**
 * The memory of the block is of no use here until it comes back with the result.
 * @throws Error when the codec does, or the thread ends
 */
export async function compressInThread(job: BlockJob, pool: ThreadPool): Promise<CompressedBlock> {
  const { port1, port2 } = new MessageChannel();
  let release: () => Promise<void> = async () => undefined;
  const answering = new Promise<BlockAnswer>((resolve, reject) => {
    port1.once('message', resolve);
    const lease = pool.lease(reject);
    release = () => lease.release();
    const message: CodecJob = { codec: job, port: port2 };
    lease.worker.postMessage(message, [port2, job.options.memory]);
  });
  try {
    const answer = await answering;
    if ('failure' in answer) throw new Error(answer.failure);
    return { bytes: new Uint8Array(answer.memory, 0, answer.length), memory: answer.memory };
  } finally {
    port1.close();
    await release();
  }
}
