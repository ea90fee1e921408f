/** Has batches of frames compressed: by other threads, and by this one while those have enough to do. */
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { FrameParameters } from './effort.ts';
import { BATCH, BATCH_ROOM, type FrameBatch } from './frame-batch.ts';
import { FrameCompressor, type CompressedBatch } from './frame-compressor.ts';

interface Request extends Omit<FrameBatch, 'bytes'> {
  /** The bytes of the batch, and room for what becomes of them. */
  readonly memory: ArrayBuffer;
}

interface Answer {
  readonly memory: ArrayBuffer;
  readonly result: CompressedBatch | { readonly failure: string };
}

/** The frames of a batch, whose memory is given back when they have been taken. */
export interface FinishedBatch extends CompressedBatch {
  readonly frames: Uint8Array;
  release(): void;
}

/** Batches that keep a thread busy: the one that it compresses, and the next. */
const ENOUGH = 2;

/** Libzstd cannot compress in place; what it writes to serves all layers of a thread. */
const output = new Uint8Array(BATCH_ROOM);

/** Compresses in the thread that this runs in. */
class FrameServer {
  readonly #parameters: FrameParameters;
  #compressor: FrameCompressor | undefined;

  constructor(parameters: FrameParameters) {
    this.#parameters = parameters;
  }

  answer({ memory, ...batch }: Request): Answer {
    const bytes = new Uint8Array(memory);
    try {
      this.#compressor ??= new FrameCompressor(this.#parameters);
      const result = this.#compressor.compress({ bytes, ...batch }, output);
      bytes.set(output.subarray(0, result.size));
      return { memory, result };
    } catch (error) {
      return { memory, result: { failure: messageOf(error) } };
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
    port.postMessage(answer, [answer.memory]);
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
      this.#port.postMessage(request, [request.memory]);
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
  readonly #spare: ArrayBuffer[] = [];

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
    return new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(BATCH_ROOM), 0, BATCH);
  }

  /** @throws Error when the library does, or a thread ends */
  async compress({ bytes, ...batch }: FrameBatch): Promise<FinishedBatch> {
    // Who has begun a frame goes on with it.
    if (!batch.continues) this.#last = this.#leastBusy();
    const request = { memory: bytes.buffer as ArrayBuffer, ...batch };
    const { memory, result } = await this.#last.answer(request);
    if ('failure' in result) throw new Error(result.failure);
    return {
      ...result,
      frames: new Uint8Array(memory, 0, result.size),
      release: () => void this.#spare.push(memory),
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
