/** Reads bzip2: any number of streams, one block at a time. */
import createBitReader, { type BitReader } from '@openpgp/unbzip2-stream/lib/bit_iterator.js';
import bzip2 from '@openpgp/unbzip2-stream/lib/bzip2.js';
import type { ByteStream } from '../io/bytes.ts';
import { damaged } from './damage.ts';

/** Bytes of a block of size 1 before its last step is undone; the largest size is 9. */
const BLOCK_UNIT = 100_000;

/**
 * More than any block takes, whose symbols have 20 bits at most, with its tables: that much must be
 * there before it is decoded, for the decoder cannot wait.
 */
const BLOCK_BOUND = 2.5 * 1024 * 1024;

const OUTPUT_CHUNK = 256 * 1024;

/**
 * Keeps a block as it is read and as it is written: 46 MB when all of it is the same byte. A block
 * can be made that the decoder never comes to an end with: it runs in a thread, which is ended then.
 * @throws OcipushError ARCHIVE_INVALID
 */
export async function* bunzip2(input: ByteStream): ByteStream {
  const queue: Uint8Array[] = [];
  let received = 0;
  const decoder = new BlockDecoder(() => {
    const next = queue.shift();
    if (next === undefined) throw new Error('unexpected end of file');
    return next;
  });
  for await (const chunk of input) {
    if (chunk.length === 0) continue;
    queue.push(new Uint8Array(chunk));
    received += chunk.length;
    while (received - decoder.bytesRead >= BLOCK_BOUND) yield* decoder.chunks();
  }
  do yield* decoder.chunks();
  while (received > decoder.bytesRead || !decoder.isAtEnd);
  yield* decoder.rest();
}

class BlockDecoder {
  readonly #next: () => Uint8Array;
  #bits: BitReader | undefined;
  /** Undefined between streams. */
  #stream: { readonly memory: Int32Array; checksum: number } | undefined;
  #chunk = new Uint8Array(OUTPUT_CHUNK);
  #filled = 0;
  readonly #full: Uint8Array<ArrayBuffer>[] = [];
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  /** @param next as the bit reader wants it */
  constructor(next: () => Uint8Array) {
    this.#next = next;
  }

  get bytesRead(): number {
    return this.#bits?.bytesRead ?? 0;
  }

  get isAtEnd(): boolean {
    return this.#stream === undefined;
  }

  /**
   * Reads the header of a stream, a block or the end of a stream; gives the chunks that are full.
   * Their memory is used again: as garbage it would pile up faster than it is collected.
   */
  *chunks(): Iterable<Uint8Array> {
    try {
      this.#decode();
    } catch (error) {
      throw damaged('bzip2', error);
    }
    for (const chunk of this.#full.splice(0)) {
      yield chunk;
      this.#spare.push(chunk);
    }
  }

  /** What there is in the last chunk. */
  rest(): readonly Uint8Array[] {
    return this.#filled > 0 ? [this.#chunk.subarray(0, this.#filled)] : [];
  }

  #decode(): void {
    const bits = (this.#bits ??= createBitReader(this.#next));
    if (this.#stream === undefined) {
      const memory = new Int32Array(bzip2.header(bits) * BLOCK_UNIT);
      this.#stream = { memory, checksum: 0 };
      return;
    }
    const { memory, checksum } = this.#stream;
    const next = bzip2.decompress(
      bits,
      (byte) => this.#write(byte),
      memory,
      memory.length,
      checksum,
    );
    if (next === null) this.#stream = undefined;
    else this.#stream.checksum = next;
  }

  #write(byte: number): void {
    this.#chunk[this.#filled] = byte;
    this.#filled += 1;
    if (this.#filled < OUTPUT_CHUNK) return;
    this.#full.push(this.#chunk);
    this.#chunk = this.#spare.pop() ?? new Uint8Array(OUTPUT_CHUNK);
    this.#filled = 0;
  }
}
