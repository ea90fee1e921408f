/** The blocks of one stream: filled, compressed side by side, and taken in their order. */
import { MIB, type ByteStream } from '../io/bytes.ts';
import type { BlockMemory, MemoryShare } from './block-memory.ts';

/** A block that is to be compressed. */
export interface PlainBlock {
  /** Has room for what becomes of it. */
  readonly memory: SharedArrayBuffer;
  /** Bytes with which the memory begins: those that come before the block in the stream. */
  readonly known: number;
  /** Bytes of the block, which stand behind them. */
  readonly length: number;
}

/** How streams are compressed block by block. */
export interface BlockCodec {
  /** Plain bytes of a block; only the last one of a stream has fewer. */
  readonly blockSize: number;
  /** How much is to be known of what comes before a block, in bytes. */
  readonly window: number;
  readonly memory: BlockMemory;
  /** What becomes of a block, in its memory or elsewhere. */
  readonly compress: (block: PlainBlock) => Promise<Uint8Array>;
}

/**
 * Compresses a stream; one without bytes is one block.
 * @throws what the input throws, or the codec
 */
export async function* compressBlocks(input: ByteStream, codec: BlockCodec): ByteStream {
  const blocks = new BlockQueue(codec);
  try {
    for await (const chunk of input) {
      for (let pushed = 0; pushed < chunk.length;) {
        while (!blocks.hasRoom()) yield* blocks.takeOldest();
        pushed += blocks.push(chunk.subarray(pushed));
      }
    }
    blocks.finish();
    while (blocks.length > 0) yield* blocks.takeOldest();
  } finally {
    blocks.close();
  }
}

/** A block that is being compressed. */
interface RunningBlock {
  readonly memory: SharedArrayBuffer;
  readonly compressed: Promise<Uint8Array>;
}

class BlockQueue {
  readonly #codec: BlockCodec;
  readonly #share: MemoryShare;
  readonly #running: RunningBlock[] = [];
  #memory: SharedArrayBuffer | undefined;
  /** The end of the blocks before. */
  #known = new Uint8Array(0);
  #filled = 0;
  #isBegun = false;

  constructor(codec: BlockCodec) {
    this.#codec = codec;
    this.#share = codec.memory.join();
    this.#memory = this.#share.take();
  }

  /** Blocks that have not been taken. */
  get length(): number {
    return this.#running.length;
  }

  /** Whether there is memory to push bytes to; else the oldest block must be taken first. */
  hasRoom(): boolean {
    if (this.#memory === undefined) {
      this.#memory = this.#share.take();
      if (this.#memory) new Uint8Array(this.#memory).set(this.#known);
    }
    return this.#memory !== undefined;
  }

  /** Copies as many of the bytes as the block takes, and tells how many. */
  push(bytes: Uint8Array): number {
    if (this.#memory === undefined) return 0;
    const part = bytes.subarray(0, this.#codec.blockSize - this.#filled);
    new Uint8Array(this.#memory).set(part, this.#known.length + this.#filled);
    this.#filled += part.length;
    if (this.#filled === this.#codec.blockSize) this.#seal(this.#memory);
    return part.length;
  }

  /** Ends the last block. */
  finish(): void {
    if (this.#memory && (this.#filled > 0 || !this.#isBegun)) this.#seal(this.#memory);
  }

  /** @throws what the codec throws */
  async *takeOldest(): ByteStream {
    const block = this.#running.shift();
    if (block === undefined) return;
    try {
      const bytes = await block.compressed;
      for (let start = 0; start < bytes.length; start += MIB) {
        yield bytes.subarray(start, start + MIB);
      }
    } finally {
      this.#share.give(block.memory);
    }
  }

  /** Gives all memory back, what is being compressed as soon as it is. */
  close(): void {
    if (this.#memory) this.#share.give(this.#memory);
    for (const { memory, compressed } of this.#running.splice(0)) {
      const give = (): void => this.#share.give(memory);
      compressed.then(give, give);
    }
  }

  #seal(memory: SharedArrayBuffer): void {
    const known = this.#known.length;
    const length = this.#filled;
    const seen = new Uint8Array(memory, 0, known + length);
    this.#known = seen.slice(Math.max(0, seen.length - this.#codec.window));
    const compressed = this.#codec.compress({ memory, known, length });
    // Its outcome is awaited when its turn comes.
    compressed.catch(() => undefined);
    this.#running.push({ memory, compressed });
    this.#memory = undefined;
    this.#filled = 0;
    this.#isBegun = true;
  }
}
