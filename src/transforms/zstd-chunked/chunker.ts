/** Cuts the contents of files where their bytes say so: equal parts of different files are equal. */
import { Contents, WINDOW } from './contents.ts';

/** Zeros in a row that make a hole, which is a chunk by itself. */
const HOLE = 1024;

/** Bytes judged at a time. */
const PIECE = 64 * 1024;

/** Takes what the chunker has judged; bytes are the taker's until it returns. */
export interface ChunkSink {
  chunk(bytes: Uint8Array): void;
  /** Ends the chunk of the bytes before, which there are. */
  cut(kind: 'data' | 'hole'): void;
}

/**
 * Cuts as the reference does (storage/pkg/chunked/compressor), one file after the other. A chunk has
 * no least and no greatest size.
 */
export class Chunker {
  readonly #sink: ChunkSink;
  readonly #contents = new Contents();
  /** The window before the bytes that are to be judged; zeros that may begin a hole come again. */
  readonly #bytes = this.#contents.bytes;
  #end = WINDOW;
  #kind: 'data' | 'hole' = 'data';
  #isOpen = false;

  constructor(sink: ChunkSink) {
    this.#sink = sink;
  }

  push(contents: Uint8Array): void {
    for (let position = 0; position < contents.length; position += PIECE) {
      const piece = contents.subarray(position, position + PIECE);
      this.#bytes.set(piece, this.#end);
      this.#contents.addToChecksum(this.#end, this.#end + piece.length);
      this.#end += piece.length;
      this.#judge('more');
    }
  }

  /**
   * Ends the file; what is pushed next belongs to another.
   * @returns its checksum, CRC-64
   */
  finish(): Buffer {
    this.#judge('last');
    this.#cut();
    this.#kind = 'data';
    this.#bytes.fill(0, 0, WINDOW);
    return this.#contents.takeChecksum();
  }

  #judge(which: 'more' | 'last'): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let position = WINDOW;
    while (position < end) {
      if (this.#kind === 'hole') {
        const stop = endOfZeros(bytes, position, end);
        this.#write(position, stop);
        position = stop;
        if (stop === end) break;
        this.#cut();
        this.#kind = 'data';
        continue;
      }
      const [start, stop] = zerosIn(bytes, position, end);
      this.#roll(position, start);
      position = start;
      if (stop - start >= HOLE) {
        this.#cut();
        this.#kind = 'hole';
      } else if (which === 'last') {
        this.#roll(start, end);
        position = end;
      } else {
        break;
      }
    }
    bytes.copyWithin(0, position - WINDOW, end);
    this.#end = WINDOW + end - position;
  }

  /** Writes data, and cuts it where the sum says so. */
  #roll(from: number, to: number): void {
    for (let start = from; start < to;) {
      const end = this.#contents.endOfChunk(start, to);
      this.#write(start, end ?? to);
      if (end !== undefined) this.#cut();
      start = end ?? to;
    }
  }

  #write(from: number, to: number): void {
    if (to === from) return;
    this.#sink.chunk(this.#bytes.subarray(from, to));
    this.#isOpen = true;
  }

  #cut(): void {
    if (this.#isOpen) this.#sink.cut(this.#kind);
    this.#isOpen = false;
  }
}

/**
 * The first run of zeros that is a hole, or else the one at the end, which may become one. Each
 * hole has a zero at one of the places looked at.
 */
function zerosIn(bytes: Uint8Array, from: number, end: number): readonly [number, number] {
  for (let probe = from + HOLE - 1; probe < end; probe += HOLE) {
    if (bytes[probe] !== 0) continue;
    const start = startOfZeros(bytes, from, probe);
    const stop = endOfZeros(bytes, probe, end);
    if (stop - start >= HOLE) return [start, stop];
    probe = stop;
  }
  return [startOfZeros(bytes, from, end), end];
}

function startOfZeros(bytes: Uint8Array, from: number, end: number): number {
  let start = end;
  while (start > from && bytes[start - 1] === 0) start -= 1;
  return start;
}

function endOfZeros(bytes: Uint8Array, from: number, end: number): number {
  let stop = from;
  while (stop < end && bytes[stop] === 0) stop += 1;
  return stop;
}
