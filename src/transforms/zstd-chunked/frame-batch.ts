/** Collects the contents of frames into pieces of memory that one thread compresses at a time. */
import { createHash, type Hash } from 'node:crypto';
import { finishDigest, type Digest } from '../../image/digest.ts';

/** Bytes of a batch. */
export const BATCH = 512 * 1024;

/** A frame with more bytes, when its batch is full, is spread over batches. */
const SPREAD = BATCH / 2;

/** Bytes that the frames of a batch may take: each a little more than its contents, if it must. */
export const BATCH_ROOM = 768 * 1024;

export interface FrameBatch {
  readonly bytes: Uint8Array;
  /** Bytes of the frames, or of the parts of them that stand here. */
  readonly lengths: readonly number[];
  /** Whether the first frame began in the batch before, so that the same thread has to go on. */
  readonly continues: boolean;
  /** Whether the last frame goes on in the next batch. */
  readonly goesOn: boolean;
}

/** The same frames give the same batches, however their bytes come. */
export class FrameBatcher {
  readonly #memory: () => Uint8Array;
  readonly #full: FrameBatch[] = [];
  #bytes: Uint8Array;
  #filled = 0;
  #lengths: number[] = [];
  /** Where the open frame begins in the batch. */
  #start = 0;
  #isSpread = false;
  #continues = false;
  /** Of the open frame, where it is spread. */
  #hash: Hash | undefined;

  /** @param memory gives {@link BATCH} bytes to be filled */
  constructor(memory: () => Uint8Array) {
    this.#memory = memory;
    this.#bytes = memory();
  }

  /** Whether the open frame has no bytes yet. */
  get isEmpty(): boolean {
    return this.#filled === this.#start && !this.#isSpread;
  }

  append(bytes: Uint8Array): void {
    for (let taken = 0; taken < bytes.length;) {
      if (this.#filled === BATCH) this.#makeRoom();
      const part = bytes.subarray(taken, taken + BATCH - this.#filled);
      this.#bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
    }
  }

  /** Ends the open frame, which must have bytes. */
  end(): void {
    this.#close();
    this.#isSpread = false;
    this.#hash = undefined;
  }

  /** The digest of the open frame's bytes, which then has to end. */
  digest(): Digest {
    return finishDigest(this.#hashed());
  }

  /** The batches that are full, and those that are not when there will be no more. */
  take(which: 'full' | 'all'): readonly FrameBatch[] {
    if (which === 'all' && this.#lengths.length > 0) this.#seal();
    return this.#full.splice(0);
  }

  #makeRoom(): void {
    const open = this.#bytes.subarray(this.#start);
    if (this.#isSpread || open.length > SPREAD) {
      this.#isSpread = true;
      this.#hash = this.#hashed();
      this.#close();
      this.#seal();
      return;
    }
    this.#seal();
    this.#bytes.set(open);
    this.#filled = open.length;
  }

  #hashed(): Hash {
    const hash = this.#hash ?? createHash('sha256');
    return hash.update(this.#bytes.subarray(this.#start, this.#filled));
  }

  /** What stands here of the open frame is all that the batch has of it. */
  #close(): void {
    this.#lengths.push(this.#filled - this.#start);
    this.#start = this.#filled;
  }

  #seal(): void {
    this.#full.push({
      bytes: this.#bytes,
      lengths: this.#lengths,
      continues: this.#continues,
      goesOn: this.#isSpread,
    });
    this.#bytes = this.#memory();
    this.#lengths = [];
    this.#filled = 0;
    this.#start = 0;
    this.#continues = this.#isSpread;
  }
}
