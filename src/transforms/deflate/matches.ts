/** Finds what has come before: chains of addresses whose four bytes have the same hash. */
import { CHAIN, HASH_BITS, HEADS, SEARCH_SIZE, WINDOW } from './layout';

/** Bytes that are hashed, the shortest match that is found. */
const HASHED: u32 = 4;

/** Knuth's multiplicative hashing: 2^32 by the golden ratio. */
const MULTIPLIER: u32 = 0x9e3779b1;

/** How many candidates are looked at, and the length of a match with which the search ends. */
let depth: u32 = 0;
let niceLength: u32 = 0;
/** The first address that may be matched. */
let floor: usize = 0;

/** Forgets everything. */
export function restart(wishedDepth: u32, wishedNiceLength: u32, start: usize): void {
  depth = wishedDepth;
  niceLength = wishedNiceLength;
  floor = start;
  memory.fill(HEADS, 0, SEARCH_SIZE);
}

function headOf(word: u32): usize {
  return HEADS + (((word * MULTIPLIER) >> (32 - HASH_BITS)) << 2);
}

/** Where the address before `address` in its chain is to be found. */
function linkOf(address: usize): usize {
  return CHAIN + ((address & (WINDOW - 1)) << 1);
}

/** Makes an address known; each once, in their order. Four bytes of it are read. */
export function insert(address: usize): void {
  const head = headOf(load<u32>(address));
  store<u16>(linkOf(address), load<u32>(head) as u16);
  store<u32>(head, address as u32);
}

/** How far the bytes from `start` on are those from `seen` on: an address from `start` to `end`. */
function matchEnd(start: usize, seen: usize, end: usize): usize {
  const distance = start - seen;
  let address = start;
  for (; address + 8 <= end; address += 8) {
    const difference = load<u64>(address) ^ load<u64>(address - distance);
    if (difference !== 0) return address + ((ctz(difference) >> 3) as usize);
  }
  while (address < end && load<u8>(address) === load<u8>(address - distance)) address++;
  return address;
}

/**
 * Inserts the address and looks for the longest match of more than `length` bytes.
 * @returns 0, or where the match ends in the upper half and where it was seen in the lower one
 */
export function find(address: usize, length: u32, end: usize): u64 {
  const word = load<u32>(address);
  const head = headOf(word);
  let candidate = load<u32>(head) as usize;
  store<u16>(linkOf(address), candidate as u16);
  store<u32>(head, address as u32);

  const lowest = max(address - WINDOW, floor);
  let found: usize = 0;
  let foundEnd = address + length;
  let left = depth;
  while (candidate >= lowest) {
    // A longer match has the same bytes where the one that is known ends.
    const last = foundEnd - 3;
    if (
      load<u32>(candidate + (last - address)) === load<u32>(last) &&
      load<u32>(candidate) === word
    ) {
      const candidateEnd = matchEnd(address + HASHED, candidate + HASHED, end);
      if (candidateEnd > foundEnd) {
        foundEnd = candidateEnd;
        found = candidate;
        if (foundEnd - address >= niceLength) break;
      }
    }
    if (--left === 0) break;
    // What is farther away than a link can tell is taken for something nearer, and does not match.
    const step = (candidate - load<u16>(linkOf(candidate))) & 0xffff;
    if (step === 0) break;
    candidate -= step;
  }
  return found === 0 ? 0 : ((foundEnd as u64) << 32) | found;
}
