/** Sends a stream through a codec that runs in a thread. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ByteStream } from '../io/bytes.ts';
import { PortStream } from '../io/port-stream.ts';
import type { Codec, CodecJob } from './codec-job.ts';
import type { ThreadPool } from './thread-pool.ts';

/** Milliseconds: bytes can be made with which a decoder goes on for ever, and none needs so long for others. */
const PATIENCE = 120_000;

/**
 * What the codec makes of the input; less than 2 MiB are on their way.
 * @param transferred ports that the codec's options name
 * @returns what the codec says of the bytes when they have ended
 * @throws what the input throws, or the codec; OcipushError ARCHIVE_INVALID where that finds no end
 */
export async function* throughThread(
  input: ByteStream,
  codec: Codec,
  pool: ThreadPool,
  transferred: readonly MessagePort[] = [],
): AsyncGenerator<Uint8Array, unknown> {
  const { port1, port2 } = new MessageChannel();
  const stream = new PortStream(port1, { patience: PATIENCE });
  const lease = pool.lease((reason) => stream.fail(reason));
  const job: CodecJob = { codec, port: port2 };
  lease.worker.postMessage(job, [port2, ...transferred]);
  const feeding = stream.send(input).catch((error: unknown) => stream.fail(error));
  try {
    return yield* stream.receive();
  } finally {
    stream.close();
    // The input has been released then.
    await feeding;
    await lease.release();
  }
}
