/** Cuts the contents of files where their bytes say so: equal parts of different files are equal. */

/** Bytes that decide whether a chunk ends after them. */
const WINDOW = 64;

/** Zeros in a row that make a hole, which is a chunk by itself. */
const HOLE = 1024;

/** Bytes judged at a time. */
const PIECE = 64 * 1024;

/** A chunk ends where these bits of the sum are all set: every 64 KiB on average. */
const MASK = 0xffff;

/** What each byte of the window counts more than its value, and the sum of a window of zeros. */
const OFFSET = 31;
const WEIGHTED_ZEROS = WINDOW * (WINDOW - 1) * OFFSET;

/** Takes what the chunker has judged; bytes are the taker's until it returns. */
export interface ChunkSink {
  chunk(bytes: Uint8Array): void;
  /** Ends the chunk of the bytes before, which there are. */
  cut(kind: 'data' | 'hole'): void;
}

/**
 * The rolling sum of the reference (storage/pkg/chunked/compressor, from perkeep), for one file
 * after the other. A chunk has no least and no greatest size.
 */
export class Chunker {
  readonly #sink: ChunkSink;
  /** The window before the bytes that are to be judged; zeros that may begin a hole come again. */
  readonly #bytes = new Uint8Array(WINDOW + HOLE + PIECE);
  #end = WINDOW;
  #sum = 0;
  #weighted = WEIGHTED_ZEROS;
  #kind: 'data' | 'hole' = 'data';
  #isOpen = false;

  constructor(sink: ChunkSink) {
    this.#sink = sink;
  }

  push(contents: Uint8Array): void {
    for (let position = 0; position < contents.length; position += PIECE) {
      const piece = contents.subarray(position, position + PIECE);
      this.#bytes.set(piece, this.#end);
      this.#end += piece.length;
      this.#judge('more');
    }
  }

  /** Ends the file; what is pushed next belongs to another. */
  finish(): void {
    this.#judge('last');
    this.#cut();
    this.#forget();
    this.#bytes.fill(0, 0, WINDOW);
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
        if (stop < end) this.#cut();
        if (stop < end) this.#forget();
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
      const stop = this.#nextCut(start, to);
      this.#write(start, stop);
      if (isCut(this.#weighted)) this.#cut();
      start = stop;
    }
  }

  /** Rolls to the end of the chunk, or as far as there are bytes: four at a time, for the speed. */
  #nextCut(from: number, to: number): number {
    const bytes = this.#bytes;
    let sum = this.#sum;
    let weighted = this.#weighted;
    let index = from;
    for (const last = to - 4; index <= last; index += 4) {
      const a = bytes[index - WINDOW] ?? 0;
      const b = bytes[index - WINDOW + 1] ?? 0;
      const c = bytes[index - WINDOW + 2] ?? 0;
      const d = bytes[index - WINDOW + 3] ?? 0;
      const sumA = (sum + (bytes[index] ?? 0) - a) | 0;
      const sumB = (sumA + (bytes[index + 1] ?? 0) - b) | 0;
      const sumC = (sumB + (bytes[index + 2] ?? 0) - c) | 0;
      const sumD = (sumC + (bytes[index + 3] ?? 0) - d) | 0;
      const weightedA = (weighted + sumA - WINDOW * a) | 0;
      const weightedB = (weightedA + sumB - WINDOW * b) | 0;
      const weightedC = (weightedB + sumC - WINDOW * c) | 0;
      const weightedD = (weightedC + sumD - WINDOW * d) | 0;
      if (isCut(weightedA) || isCut(weightedB) || isCut(weightedC) || isCut(weightedD)) break;
      sum = sumD;
      weighted = weightedD;
    }
    while (index < to) {
      const dropped = bytes[index - WINDOW] ?? 0;
      sum = (sum + (bytes[index] ?? 0) - dropped) | 0;
      weighted = (weighted + sum - WINDOW * dropped) | 0;
      index += 1;
      if (isCut(weighted)) break;
    }
    this.#sum = sum;
    this.#weighted = weighted;
    return index;
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

  /** As if nothing or zeros had come before. */
  #forget(): void {
    this.#kind = 'data';
    this.#sum = 0;
    this.#weighted = WEIGHTED_ZEROS;
  }
}

function isCut(weighted: number): boolean {
  return (weighted & MASK) === MASK;
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
