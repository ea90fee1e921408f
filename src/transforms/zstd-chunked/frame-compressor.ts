/** Compresses batches of frames, each frame by itself. */
import { returnContext, takeContext, type ZstdContext } from '../zstd-context.ts';
import { zstdBinding } from '../zstd-library.ts';
import type { ZstdParameters } from '../zstd-parameters.ts';
import type { FrameParameters } from './effort.ts';
import type { FrameBatch } from './frame-batch.ts';

/** What has become of a batch. */
export interface CompressedBatch {
  /** Bytes that were written. */
  readonly size: number;
  /** Bytes that were written of each frame, or of each part of one. */
  readonly sizes: readonly number[];
}

const NOTHING = new Uint8Array(0);

/** Between two batches it has no compressor, but for a frame that is spread over them. */
export class FrameCompressor {
  readonly #parameters: FrameParameters;
  readonly #contexts = new Map<ZstdParameters, ZstdContext>();
  readonly #directives = zstdBinding().EndDirective;

  constructor(parameters: FrameParameters) {
    this.#parameters = parameters;
  }

  /** To be called when nothing more is to be compressed. */
  close(): void {
    for (const [parameters, context] of this.#contexts) returnContext(context, parameters);
    this.#contexts.clear();
  }

  /** @throws Error when the output is too small */
  compress(batch: FrameBatch, output: Uint8Array): CompressedBatch {
    const sizes: number[] = [];
    let position = 0;
    let size = 0;
    for (const [index, length] of batch.lengths.entries()) {
      const contents = batch.bytes.subarray(position, position + length);
      position += length;
      const goesOn = batch.goesOn && index === batch.lengths.length - 1;
      const isWhole = !goesOn && !(batch.continues && index === 0);
      const room = output.subarray(size);
      const written = isWhole
        ? this.#context(length).compress2(room, contents)
        : this.#part(contents, goesOn, room);
      sizes.push(written);
      size += written;
    }
    if (!batch.goesOn) this.close();
    return { size, sizes };
  }

  #context(length: number): ZstdContext {
    const [, parameters] = this.#parameters.find(([upTo]) => length <= upTo) ?? [];
    if (parameters === undefined) throw new TypeError(`nothing is for ${length} bytes`);
    const context = this.#contexts.get(parameters) ?? takeContext(parameters);
    this.#contexts.set(parameters, context);
    return context;
  }

  #part(contents: Uint8Array, goesOn: boolean, output: Uint8Array): number {
    let written = 0;
    // How long it will be is not known.
    const context = this.#context(Infinity);
    const step = (bytes: Uint8Array, directive: number): readonly [number, number] => {
      const [left, produced, taken] = context.compressStream2(
        output.subarray(written),
        bytes,
        directive,
      );
      written += produced;
      if (written === output.length) throw new TypeError('a batch has become too large');
      return [left, taken];
    };
    // What ends the frame comes alone, for with the only bytes it would make other parameters.
    for (let taken = 0; taken < contents.length;) {
      taken += step(contents.subarray(taken), this.#directives.continue)[1];
    }
    for (let left = goesOn ? 0 : 1; left > 0;) left = step(NOTHING, this.#directives.end)[0];
    return written;
  }
}
