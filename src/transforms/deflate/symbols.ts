/** The alphabets of deflate (RFC 1951, 3.2.5): what stands for lengths and distances. */
import {
  DISTANCE_OF,
  DISTANCE_PARTS,
  DISTANCE_SYMBOLS,
  LENGTH_PARTS,
  LENGTH_SYMBOLS,
} from './layout';

const FIRST_LENGTH_SYMBOL: u32 = 257;
export const SHORTEST_MATCH: u32 = 3;
export const LONGEST_MATCH: u32 = 258;

/** Each number of extra bits is had by so many symbols in a row. */
const LENGTHS_PER_EXTRA: u32 = 4;
const DISTANCES_PER_EXTRA: u32 = 2;

export function extraBitsOfLength(symbol: u32): u32 {
  if (symbol < FIRST_LENGTH_SYMBOL + 8 || symbol === LENGTH_SYMBOLS - 1) return 0;
  return (symbol - FIRST_LENGTH_SYMBOL) / LENGTHS_PER_EXTRA - 1;
}

export function extraBitsOfDistance(symbol: u32): u32 {
  return symbol < 4 ? 0 : symbol / DISTANCES_PER_EXTRA - 1;
}

export function symbolOfDistance(distance: u32): u32 {
  return load<u8>(entryOfDistance(distance));
}

function entryOfDistance(distance: u32): usize {
  const before = (distance - 1) as usize;
  return DISTANCE_OF + (before < 256 ? before : 256 + (before >> 7));
}

/** To be called once. */
export function fillSymbolTables(): void {
  let length = SHORTEST_MATCH;
  for (let symbol = FIRST_LENGTH_SYMBOL; symbol < LENGTH_SYMBOLS; symbol++) {
    const extraBits = extraBitsOfLength(symbol);
    for (let extra: u32 = 0; extra < 1 << extraBits; extra++) {
      // The last length has two spellings; it is the symbol of its own that counts.
      store<u32>(LENGTH_PARTS + 4 * length, symbol | (extra << 16) | (extraBits << 24));
      length = min(length + 1, LONGEST_MATCH);
    }
  }
  let distance: u32 = 1;
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    const extraBits = extraBitsOfDistance(symbol);
    store<u32>(DISTANCE_PARTS + 4 * symbol, distance | (extraBits << 24));
    for (const next = distance + (1 << extraBits); distance < next; distance++) {
      store<u8>(entryOfDistance(distance), symbol as u8);
    }
  }
}
