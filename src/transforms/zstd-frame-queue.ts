/** The frames of one stream of zstd: filled, compressed side by side, and taken in their order. */
import { availableParallelism } from 'node:os';
import * as zlib from 'node:zlib';
import { MIB, type ByteStream } from '../io/bytes.ts';
import { BlockMemory, type MemoryShare } from './block-memory.ts';
import { compressInThread } from './frame-thread.ts';
import { ThreadPool } from './thread-pool.ts';
import { CHECKSUM_FLAG } from './zstd-context.ts';
import type { ZstdEffort } from './zstd-effort.ts';
import { frameBound, type PlainFrame } from './zstd-frame.ts';
import { zstdLibrary } from './zstd-library.ts';

/** More threads than this would take more memory than they are worth. */
const THREADS = Math.min(availableParallelism(), 4);

const threads = new ThreadPool({ threads: THREADS, linger: 500 });

/** By the length of frames. While a thread compresses one, another is being filled or taken. */
const memories = new Map<number, BlockMemory>();

/** A compressed frame, and the memory that can be used again when it has been taken. */
interface Frame {
  readonly bytes: Uint8Array;
  readonly memory: ArrayBuffer;
}

export class FrameQueue {
  readonly #effort: ZstdEffort;
  readonly #compress: (frame: PlainFrame) => Promise<Frame>;
  readonly #share: MemoryShare;
  readonly #running: Promise<Frame>[] = [];
  #memory: ArrayBuffer | undefined;
  #filled = 0;
  #isBegun = false;

  /** @throws OcipushError UNSUPPORTED when there is no libzstd */
  constructor(effort: ZstdEffort) {
    this.#compress = zstdLibrary().kind === 'napi' ? compressWithNapi : compressWithNode;
    this.#effort = effort;
    this.#share = memoryFor(effort.frameSize).join();
    this.#memory = this.#share.take();
  }

  /** Frames that have not been taken. */
  get length(): number {
    return this.#running.length;
  }

  /** Whether there is memory to push bytes to; else the oldest frame must be taken first. */
  hasRoom(): boolean {
    this.#memory ??= this.#share.take();
    return this.#memory !== undefined;
  }

  /** Copies as many of the bytes as the frame takes, and tells how many. */
  push(bytes: Uint8Array): number {
    if (this.#memory === undefined) return 0;
    const part = bytes.subarray(0, this.#effort.frameSize - this.#filled);
    new Uint8Array(this.#memory).set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled === this.#effort.frameSize) this.#seal(this.#memory);
    return part.length;
  }

  /** Ends the last frame; a stream without bytes has one, too. */
  finish(): void {
    if (this.#memory && (this.#filled > 0 || !this.#isBegun)) this.#seal(this.#memory);
  }

  /** @throws Error when libzstd does, or its thread ends */
  async *takeOldest(): ByteStream {
    const frame = await this.#running.shift();
    if (frame === undefined) return;
    for (let start = 0; start < frame.bytes.length; start += MIB) {
      yield frame.bytes.subarray(start, start + MIB);
    }
    this.#share.give(frame.memory);
  }

  /** Gives all memory back, what is being compressed as soon as it is. */
  close(): void {
    if (this.#memory) this.#share.give(this.#memory);
    for (const frame of this.#running.splice(0)) {
      frame.then(
        ({ memory }) => this.#share.give(memory),
        () => this.#share.give(undefined),
      );
    }
  }

  #seal(memory: ArrayBuffer): void {
    const { parameters } = this.#effort;
    const compressed = this.#compress({ parameters, memory, length: this.#filled });
    // Its outcome is awaited when its turn comes.
    compressed.catch(() => undefined);
    this.#running.push(compressed);
    this.#memory = undefined;
    this.#filled = 0;
    this.#isBegun = true;
  }
}

function memoryFor(frameSize: number): BlockMemory {
  const memory = memories.get(frameSize) ?? new BlockMemory(frameBound(frameSize), 2 * THREADS);
  memories.set(frameSize, memory);
  return memory;
}

async function compressWithNapi(frame: PlainFrame): Promise<Frame> {
  const { memory, length } = await compressInThread(frame, threads);
  return { bytes: new Uint8Array(memory, 0, length), memory };
}

/** Of Node 22.15 and later: what its types for Node 20 do not have. */
interface ZlibWithZstd {
  readonly zstdCompress: (
    bytes: Uint8Array,
    options: { readonly params: Readonly<Record<number, number>>; readonly pledgedSrcSize: number },
    callback: (error: Error | null, result: Uint8Array) => void,
  ) => void;
}

function compressWithNode({ parameters, memory, length }: PlainFrame): Promise<Frame> {
  const params = Object.fromEntries([...parameters, [CHECKSUM_FLAG, 1]]) as Record<number, number>;
  const options = { params, pledgedSrcSize: length };
  const { zstdCompress } = zlib as unknown as ZlibWithZstd;
  return new Promise((resolve, reject) => {
    zstdCompress(new Uint8Array(memory, 0, length), options, (error, bytes) =>
      error ? reject(error) : resolve({ bytes, memory }),
    );
  });
}
