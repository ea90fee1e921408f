/** Compresses blocks to deflate in the thread that this runs in: by the WebAssembly that deflate/ becomes. */
import type { PlainBlock } from './block-queue.ts';
import { wasmCode } from './wasm-module.ts';

/** How long the search for matches is: see deflate/deflate.ts; `stored`: nothing is compressed. */
export type DeflateEffort =
  | 'stored'
  | { readonly depth: number; readonly lazyLength: number; readonly niceLength: number };

/** What is to be deflated, the first bytes of its memory, which has room for {@link deflateBound}. */
export interface DeflateBlock extends PlainBlock {
  readonly effort: DeflateEffort;
}

/** How far back deflate may refer, in bytes (RFC 1951, 2). */
export const DEFLATE_WINDOW = 32 * 1024;

/** Bytes of a block at most, as deflate/layout.ts has it. */
export const DEFLATE_BLOCK = 1024 * 1024;

/** Bytes at most that a block of `length` bytes becomes: stored blocks of 64 KiB and less. */
export function deflateBound(length: number): number {
  return length + (length >> 8) + 64;
}

/** What the module exports: see deflate/deflate.ts. */
interface Deflater {
  readonly memory: WebAssembly.Memory;
  inputAddress(): number;
  outputAddress(): number;
  deflate(
    known: number,
    length: number,
    depth: number,
    lazyLength: number,
    niceLength: number,
  ): number;
  stored(length: number): number;
}

let deflater: Deflater | undefined;

/**
 * Puts into the first bytes of the same memory what the block becomes: it ends on a byte boundary,
 * and another may follow. The same bytes and effort give the same bytes.
 * @returns its length
 */
export function deflateBlock({ memory, known, length, effort }: DeflateBlock): number {
  deflater ??= loadDeflater();
  const ours = new Uint8Array(deflater.memory.buffer);
  ours.set(new Uint8Array(memory, 0, known + length), deflater.inputAddress() - known);
  const written =
    effort === 'stored'
      ? deflater.stored(length)
      : deflater.deflate(known, length, effort.depth, effort.lazyLength, effort.niceLength);
  const output = deflater.outputAddress();
  new Uint8Array(memory).set(ours.subarray(output, output + written));
  return written;
}

function loadDeflater(): Deflater {
  const module = new WebAssembly.Module(wasmCode('deflate'));
  return new WebAssembly.Instance(module).exports as Deflater;
}
