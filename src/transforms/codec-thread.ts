/** What runs in a thread: codecs, each behind a port. */
import { parentPort, type MessagePort } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { PortStream } from '../io/port-stream.ts';
import type { BlockAnswer, Codec, CodecJob } from './codec-job.ts';

parentPort?.on('message', (job: CodecJob) => void serve(job));

async function serve({ codec, port }: CodecJob): Promise<void> {
  switch (codec.name) {
    case 'zstd-frame': {
      const { compressFrame } = await import('./zstd-frame.ts');
      answer(port, () => compressFrame(codec.options));
      return;
    }
    case 'deflate-block': {
      const { deflateBlock } = await import('./deflate.ts');
      answer(port, () => deflateBlock(codec.options));
      return;
    }
    case 'zstd-frames': {
      const { serveFrames } = await import('./zstd-chunked/frame-port.ts');
      serveFrames(port, codec.options.frames);
      return;
    }
    default:
      await run(codec, port);
  }
}

/** @param compress puts the result where the block was, and tells its length */
function answer(port: MessagePort, compress: () => number): void {
  try {
    port.postMessage({ length: compress() } satisfies BlockAnswer);
  } catch (error) {
    port.postMessage({ failure: messageOf(error) } satisfies BlockAnswer);
  }
}

async function run(codec: Codec, port: MessagePort): Promise<void> {
  const stream = new PortStream(port);
  port.once('close', () => stream.close());
  let result: unknown;
  async function* bytes(): ByteStream {
    result = yield* transform(stream.receive(), codec);
  }
  try {
    await stream.send(bytes(), () => result);
  } catch {
    // The other side has been told, or has gone.
  } finally {
    stream.close();
  }
}

/** @returns what there is to say of the bytes when they have ended */
async function* transform(input: ByteStream, codec: Codec): AsyncGenerator<Uint8Array, unknown> {
  switch (codec.name) {
    case 'zstd-chunked': {
      const { FramePorts } = await import('./zstd-chunked/frame-port.ts');
      const { layerStream } = await import('./zstd-chunked/layer-stream.ts');
      const { frames, texts, ports } = codec.options;
      const threads = new FramePorts(ports, frames);
      try {
        return yield* layerStream(input, { texts, threads });
      } finally {
        threads.close();
      }
    }
    case 'unzstd':
      return yield* (await import('./unzstd.ts')).unzstd(input);
    case 'unxz':
      return yield* (await import('./unxz.ts')).unxz(input);
    case 'bunzip2':
      return yield* (await import('./bunzip2.ts')).bunzip2(input);
  }
}
