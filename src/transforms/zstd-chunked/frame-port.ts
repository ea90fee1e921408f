/** Has batches of frames compressed: by other threads, and by this one while those have enough to do. */
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { FrameParameters } from './effort.ts';
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

/** Batches that keep a thread busy: the one that it compresses, and the next. */
const ENOUGH = 2;

/** Compresses in the thread that this runs in. */
class FrameServer {
  readonly #parameters: FrameParameters;
  #compressor: FrameCompressor | undefined;

  constructor(parameters: FrameParameters) {
    this.#parameters = parameters;
  }

  answer({ bytes, spans, output }: Request): Answer {
    try {
      this.#compressor ??= new FrameCompressor(this.#parameters);
      const batch = { bytes: new Uint8Array(bytes), spans };
      return { bytes, output, result: this.#compressor.compress(batch, new Uint8Array(output)) };
    } catch (error) {
      return { bytes, output, result: { failure: messageOf(error) } };
    }
  }

  close(): void {
    this.#compressor?.close();
  }
}

/** Compresses what comes through the port until it is closed. */
export function serveFrames(port: MessagePort, parameters: FrameParameters): void {
  const server = new FrameServer(parameters);
  port.on('close', () => server.close());
  port.on('message', (request: Request) => {
    const answer = server.answer(request);
    port.postMessage(answer, [answer.bytes, answer.output]);
  });
}

/** What compresses behind a port. */
class RemoteServer {
  readonly #port: MessagePort;
  readonly #waiting: { resolve(answer: Answer): void; reject(reason: Error): void }[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (answer: Answer) => this.#waiting.shift()?.resolve(answer));
    port.on('close', () => {
      for (const batch of this.#waiting.splice(0)) batch.reject(new Error('a thread has ended'));
    });
  }

  /** Batches that are not known to be finished. */
  get load(): number {
    return this.#waiting.length;
  }

  /** Takes the answers that have come while this thread was busy. */
  settle(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#waiting.shift()?.resolve(received.message as Answer);
    }
  }

  /** @throws Error when the thread ends */
  async answer(request: Request): Promise<Answer> {
    return await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#port.postMessage(request, [request.bytes, request.output]);
    });
  }

  close(): void {
    this.#port.close();
  }
}

/** The threads behind some ports, and this one; batches are finished in any order. */
export class FramePorts {
  readonly #remote: readonly RemoteServer[];
  readonly #here: FrameServer;
  #last: RemoteServer | FrameServer;
  readonly #spareOutputs: ArrayBuffer[] = [];
  readonly #spareBytes: ArrayBuffer[] = [];

  constructor(ports: readonly MessagePort[], parameters: FrameParameters) {
    this.#remote = ports.map((port) => new RemoteServer(port));
    this.#here = new FrameServer(parameters);
    this.#last = this.#here;
  }

  /** How many batches, finished ones among them, keep all threads busy. */
  get capacity(): number {
    return ENOUGH * this.#remote.length + 1;
  }

  memory(): Uint8Array {
    return new Uint8Array(this.#spareBytes.pop() ?? new ArrayBuffer(BATCH));
  }

  /** @throws Error when the library does, or a thread ends */
  async compress({ bytes, spans, continues }: FrameBatch): Promise<FinishedBatch> {
    // Who has begun a frame goes on with it.
    if (!continues) this.#last = this.#leastBusy();
    const answer = await this.#last.answer({
      bytes: bytes.buffer as ArrayBuffer,
      output: this.#spareOutputs.pop() ?? new ArrayBuffer(BATCH_OUTPUT),
      spans,
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
    for (const server of [...this.#remote, this.#here]) server.close();
  }

  #leastBusy(): RemoteServer | FrameServer {
    for (const server of this.#remote) server.settle();
    const [first] = this.#remote.toSorted((a, b) => a.load - b.load);
    return first !== undefined && first.load < ENOUGH ? first : this.#here;
  }
}
