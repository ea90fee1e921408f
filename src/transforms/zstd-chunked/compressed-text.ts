/** Keeps a long text compressed while it is written. */
import { returnContext, takeContext, type ZstdContext } from '../zstd-context.ts';
import { zstdBinding } from '../zstd-library.ts';
import type { ZstdParameters } from '../zstd-parameters.ts';

const PIECE = 32 * 1024;

/** UTF-16 units, of which each takes at most three bytes. */
const TEXT_PIECE = PIECE / 4;

export class CompressedText {
  readonly #parameters: ZstdParameters;
  readonly #context: ZstdContext;
  readonly #directives = zstdBinding().EndDirective;
  readonly #input = Buffer.allocUnsafeSlow(PIECE);
  #filled = 0;
  readonly #output = new Uint8Array(PIECE);
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  constructor(parameters: ZstdParameters) {
    this.#parameters = parameters;
    this.#context = takeContext(parameters);
  }

  /** Bytes of the text. */
  get size(): number {
    return this.#size;
  }

  write(text: string): void {
    for (let start = 0; start < text.length; start += TEXT_PIECE) {
      const part = text.slice(start, start + TEXT_PIECE);
      if (this.#filled + 3 * part.length > PIECE) this.#compress();
      const written = this.#input.write(part, this.#filled);
      this.#filled += written;
      this.#size += written;
    }
  }

  /** All of it, as one frame; to be called once, at the end. */
  finish(): Uint8Array {
    this.#compress();
    for (let left = 1; left > 0;) {
      left = this.#step(this.#input.subarray(0, 0), this.#directives.end)[0];
    }
    returnContext(this.#context, this.#parameters);
    return Buffer.concat(this.#parts);
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
    if (written > 0) this.#parts.push(this.#output.slice(0, written));
    return [left, taken];
  }
}
