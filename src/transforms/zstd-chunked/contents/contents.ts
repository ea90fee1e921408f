/**
 * What is done to every byte of the contents of files. This folder is AssemblyScript, of which
 * scripts/wasm-modules.js makes WebAssembly: with SIMD, and without it for processors that have none.
 */
import { add, finish } from './crc64';
import { BYTES, PAGES } from './layout';
import { chunkEnd } from './rolling-sum';

memory.grow(PAGES - memory.size());

/** Where contents are to be put: 64 bytes that come before them, and then 65 KiB at most. */
export function bytesAddress(): usize {
  return BYTES;
}

/**
 * Looks for the end of the chunk to which these bytes belong.
 * @param from where they begin behind {@link bytesAddress}; 64 at least
 * @param to where they end
 * @returns where the chunk ends, or 0 if it goes on
 */
export function endOfChunk(from: u32, to: u32): u32 {
  const end = chunkEnd(BYTES + from, BYTES + to);
  return end === 0 ? 0 : ((end - BYTES) as u32);
}

/** Adds bytes to the checksum. */
export function addToChecksum(from: u32, to: u32): void {
  add(BYTES + from, BYTES + to);
}

/** The checksum of what has been added since it was taken last. */
export function takeChecksum(): u64 {
  return finish();
}
