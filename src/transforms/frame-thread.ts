/** Has single frames of zstd compressed in threads. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { CodecJob } from './codec-job.ts';
import type { ThreadPool } from './thread-pool.ts';
import { compressFrame, type CompressedFrame, type PlainFrame } from './zstd-frame.ts';

type Answer = { readonly frame: CompressedFrame } | { readonly failure: string };

/**
 * The memory of the frame is of no use here until it comes back with the result.
 * @throws Error when libzstd does, or the thread ends
 */
export async function compressInThread(
  frame: PlainFrame,
  pool: ThreadPool,
): Promise<CompressedFrame> {
  const { port1, port2 } = new MessageChannel();
  let release: () => Promise<void> = async () => undefined;
  const answering = new Promise<Answer>((resolve, reject) => {
    port1.once('message', resolve);
    const lease = pool.lease(reject);
    release = () => lease.release();
    const job: CodecJob = { codec: { name: 'zstd-frame', options: frame }, port: port2 };
    lease.worker.postMessage(job, [port2, frame.memory]);
  });
  try {
    const answer = await answering;
    if ('failure' in answer) throw new Error(answer.failure);
    return answer.frame;
  } finally {
    port1.close();
    await release();
  }
}

/** The thread's side. */
export function answerWithFrame(port: MessagePort, frame: PlainFrame): void {
  try {
    const compressed = compressFrame(frame);
    port.postMessage({ frame: compressed } satisfies Answer, [compressed.memory]);
  } catch (error) {
    port.postMessage({ failure: messageOf(error) } satisfies Answer);
  }
}
