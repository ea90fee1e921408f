/** Keeps a long text compressed while it is written. */
import { zstdBinding, type ZstdBinding } from '../zstd-library.ts';

const LEVEL = 100;
const CHECKSUM_FLAG = 201;
const PIECE = 128 * 1024;

/** UTF-16 units, of which each takes at most three bytes. */
const TEXT_PIECE = PIECE / 4;

export class CompressedText {
  readonly #context: InstanceType<ZstdBinding['CCtx']>;
  readonly #directives: ZstdBinding['EndDirective'];
  readonly #input = Buffer.allocUnsafeSlow(PIECE);
  #filled = 0;
  readonly #output = new Uint8Array(PIECE);
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  /** @param level of libzstd */
  constructor(level: number) {
    const { CCtx, EndDirective } = zstdBinding();
    this.#context = new CCtx();
    this.#context.setParameter(LEVEL, level);
    this.#context.setParameter(CHECKSUM_FLAG, 1);
    this.#directives = EndDirective;
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

  /** All of it, as one frame. */
  finish(): Uint8Array {
    this.#compress();
    for (let left = 1; left > 0;) {
      left = this.#step(this.#input.subarray(0, 0), this.#directives.end)[0];
    }
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
