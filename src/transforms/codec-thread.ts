/** The thread's side of through-thread.ts: runs codecs between ports. */
import { parentPort } from 'node:worker_threads';
import type { ByteStream } from '../io/bytes.ts';
import { PortStream } from '../io/port-stream.ts';
import type { Codec, CodecJob } from './codec-job.ts';

parentPort?.on('message', (job: CodecJob) => void run(job));

async function run({ codec, port }: CodecJob): Promise<void> {
  const stream = new PortStream(port);
  port.once('close', () => stream.close());
  try {
    await stream.send(transform(stream.receive(), codec));
  } catch {
    // The other side has been told, or has gone.
  } finally {
    stream.close();
  }
}

async function* transform(input: ByteStream, codec: Codec): ByteStream {
  switch (codec.name) {
    case 'zstd':
      return yield* (await import('./zstd-frame.ts')).zstdFrame(input, codec.options);
    case 'unzstd':
      return yield* (await import('./unzstd.ts')).unzstd(input);
    case 'unxz':
      return yield* (await import('./unxz.ts')).unxz(input);
    case 'bunzip2':
      return yield* (await import('./bunzip2.ts')).bunzip2(input);
  }
}
