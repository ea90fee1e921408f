/** Has batches of frames compressed by other threads. */
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { ZstdParameters } from '../zstd-parameters.ts';
import { BATCH, BATCH_OUTPUT, type FrameBatch, type FrameSpan } from './frame-batch.ts';
import { FrameCompressor, type CompressedBatch } from './frame-compressor.ts';

/** The memory of a batch, which goes to and fro. */
interface BatchMemory {
  readonly bytes: ArrayBuffer;
  readonly output: ArrayBuffer;
}

interface Request extends BatchMemory {
  readonly spans: readonly FrameSpan[];
}

interface Answer extends BatchMemory {
  readonly result: CompressedBatch | { readonly failure: string };
}

/** The frames of a batch, whose memory is given back when they have been taken. */
export interface FinishedBatch extends CompressedBatch {
  readonly frames: Uint8Array;
  release(): void;
}

/** Compresses what comes through the port until it is closed. */
export function serveFrames(port: MessagePort, parameters: ZstdParameters): void {
  let compressor: FrameCompressor | undefined;
  port.on('close', () => compressor?.close());
  port.on('message', ({ bytes, spans, output }: Request) => {
    const answer = (result: Answer['result']): void =>
      port.postMessage({ bytes, output, result } satisfies Answer, [bytes, output]);
    try {
      compressor ??= new FrameCompressor(parameters);
      const batch = { bytes: new Uint8Array(bytes), spans };
      answer(compressor.compress(batch, new Uint8Array(output)));
    } catch (error) {
      answer({ failure: messageOf(error) });
    }
  });
}

/** The threads behind some ports; answers come in any order. */
export class FramePorts {
  readonly #ports: readonly {
    readonly port: MessagePort;
    readonly waiting: { resolve(answer: Answer): void; reject(reason: Error): void }[];
  }[];
  #last = 0;
  readonly #spareOutputs: ArrayBuffer[] = [];
  readonly #spareBytes: ArrayBuffer[] = [];

  constructor(ports: readonly MessagePort[]) {
    this.#ports = ports.map((port) => ({ port, waiting: [] }));
    for (const { port, waiting } of this.#ports) {
      port.on('message', (answer: Answer) => waiting.shift()?.resolve(answer));
      port.on('close', () => {
        for (const batch of waiting.splice(0)) batch.reject(new Error('a thread has ended'));
      });
    }
  }

  /** How many batches keep all threads busy. */
  get capacity(): number {
    return 2 * this.#ports.length;
  }

  memory(): Uint8Array {
    return new Uint8Array(this.#spareBytes.pop() ?? new ArrayBuffer(BATCH));
  }

  /** @throws Error when the library does, or a thread ends */
  async compress({ bytes, spans, continues }: FrameBatch): Promise<FinishedBatch> {
    // The thread that has begun a frame goes on with it; others are for who has least to do.
    if (!continues) this.#last = this.#leastBusy();
    const { port, waiting } = this.#ports[this.#last] ?? {};
    if (port === undefined || waiting === undefined) throw new TypeError('there is no thread');
    const request: Request = {
      bytes: bytes.buffer as ArrayBuffer,
      output: this.#spareOutputs.pop() ?? new ArrayBuffer(BATCH_OUTPUT),
      spans,
    };
    const answer = await new Promise<Answer>((resolve, reject) => {
      waiting.push({ resolve, reject });
      port.postMessage(request, [request.bytes, request.output]);
    });
    this.#spareBytes.push(answer.bytes);
    const { result, output } = answer;
    if ('failure' in result) throw new Error(result.failure);
    return {
      ...result,
      frames: new Uint8Array(output, 0, result.size),
      release: () => void this.#spareOutputs.push(output),
    };
  }

  close(): void {
    for (const { port } of this.#ports) port.close();
  }

  #leastBusy(): number {
    const counts = this.#ports.map(({ waiting }) => waiting.length);
    return counts.indexOf(Math.min(...counts));
  }
}
