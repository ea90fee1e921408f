/** Keeps a long text compressed while it is written. */
import { RunningDigest, type Digest } from '../../image/digest.ts';
import { MIB } from '../../io/bytes.ts';
import { returnContext, takeContext, type ZstdContext } from '../zstd-context.ts';
import { zstdBinding } from '../zstd-library.ts';
import type { ZstdParameters } from '../zstd-parameters.ts';
import { chunkedObstacle } from './obstacle.ts';

const PIECE = 32 * 1024;

/** Bytes of a compressed text, which is kept in memory; for a million files it has about as many. */
const LIMIT = 64 * MIB;

/** UTF-16 units, of which each takes at most three bytes. */
const TEXT_PIECE = PIECE / 4;

/** A text in its compressed form, which is one frame. */
export interface FinishedText {
  readonly parts: readonly Uint8Array[];
  /** Bytes of the parts. */
  readonly size: number;
  readonly digest: Digest;
  /** Bytes of the text. */
  readonly plainSize: number;
}

export class CompressedText {
  readonly #parameters: ZstdParameters;
  readonly #context: ZstdContext;
  readonly #directives = zstdBinding().EndDirective;
  readonly #input = Buffer.allocUnsafeSlow(PIECE);
  #filled = 0;
  readonly #output = new Uint8Array(PIECE);
  readonly #parts: Uint8Array[] = [];
  readonly #running = new RunningDigest();
  #plainSize = 0;

  constructor(parameters: ZstdParameters) {
    this.#parameters = parameters;
    this.#context = takeContext(parameters);
  }

  /** Bytes of the text so far. */
  get plainSize(): number {
    return this.#plainSize;
  }

  /** @throws OcipushError when the layer has so many headers that zstd:chunked cannot carry it */
  write(text: string): void {
    for (let start = 0; start < text.length;) {
      const part = text.slice(start, endOfPiece(text, start));
      start += part.length;
      if (this.#filled + 3 * part.length > PIECE) this.#compress();
      const written = this.#input.write(part, this.#filled);
      this.#filled += written;
      this.#plainSize += written;
    }
  }

  /** To be called once, at the end. */
  finish(): FinishedText {
    this.#compress();
    for (let left = 1; left > 0;) {
      left = this.#step(this.#input.subarray(0, 0), this.#directives.end)[0];
    }
    returnContext(this.#context, this.#parameters);
    return {
      ...this.#running.identity(),
      parts: this.#parts,
      plainSize: this.#plainSize,
    };
  }

  #compress(): void {
    for (let taken = 0; taken < this.#filled;) {
      const rest = this.#input.subarray(taken, this.#filled);
      taken += this.#step(rest, this.#directives.continue)[1];
    }
    this.#filled = 0;
  }

  #step(bytes: Uint8Array, directive: number): readonly [left: number, taken: number] {
    const [left, written, taken] = this.#context.compressStream2(this.#output, bytes, directive);
    if (written > 0) {
      const part = this.#output.slice(0, written);
      this.#parts.push(part);
      this.#running.update(part);
      if (this.#running.size > LIMIT) throw chunkedObstacle('so much that is no contents');
    }
    return [left, taken];
  }
}

/** No character is cut in two. */
function endOfPiece(text: string, start: number): number {
  const end = start + TEXT_PIECE;
  const isInPair = /^[\uD800-\uDBFF]$/.test(text.charAt(end - 1));
  return isInPair ? end - 1 : end;
}
