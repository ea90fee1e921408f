/** Writes bits as deflate packs them: the first one lowest (RFC 1951, 3.1.1). */
import { OUTPUT } from './layout';

/** Bits that are not in memory yet; fewer than 8 after {@link flush}. */
export let pending: u64 = 0;
export let pendingBits: u32 = 0;
/** Where the next byte goes. */
export let position: usize = OUTPUT;

export function restart(): void {
  pending = 0;
  pendingBits = 0;
  position = OUTPUT;
}

/** Goes on behind what somebody else has written. */
export function resume(bits: u64, count: u32, address: usize): void {
  pending = bits;
  pendingBits = count;
  position = address;
}

/** At most 57 bits; those above `count` are 0. */
export function put(bits: u64, count: u32): void {
  pending |= bits << pendingBits;
  pendingBits += count;
  store<u64>(position, pending);
  position += pendingBits >> 3;
  pending >>= pendingBits & ~7;
  pendingBits &= 7;
}

/** A code as tables hold it: its bits, and their number from bit 24 on. */
export function putCode(code: u32): void {
  put(code & 0xffffff, code >> 24);
}

export function toByteBoundary(): void {
  put(0, -pendingBits & 7);
}

export function putBytes(start: usize, length: u32): void {
  memory.copy(position, start, length);
  position += length;
}
