/** Writes blocks of deflate (RFC 1951, 3.2.3) in the shortest of the three forms. */
import {
  pending,
  pendingBits,
  position,
  put,
  putBytes,
  putCode,
  resume,
  toByteBoundary,
} from './bit-writer';
import { prepareCodeLengths, writeCodeLengths } from './code-lengths';
import { increment } from './histogram';
import {
  CODES,
  DISTANCES,
  DISTANCE_PARTS,
  DISTANCE_SYMBOLS,
  END_OF_BLOCK,
  GATHERED,
  LENGTH_CODES,
  LENGTH_PARTS,
  LENGTH_SYMBOLS,
} from './layout';
import { makeCodes, numberCodes } from './prefix-codes';
import {
  extraBitsOfDistance,
  extraBitsOfLength,
  LONGEST_MATCH,
  SHORTEST_MATCH,
  symbolOfDistance,
} from './symbols';

/** The first bit of a block says that it is the last one, the next two what form it has. */
const STORED: u32 = 0;
const FIXED: u32 = 1 << 1;
const DYNAMIC: u32 = 2 << 1;

const LONGEST_CODE: u32 = 15;
const FIXED_DISTANCE_LENGTH: u32 = 5;
const STORED_LIMIT: u32 = 0xffff;
/** Bits of a stored block beside its bytes, at most. */
const STORED_HEADER: u32 = 40;

/**
 * Writes the bytes from `start` to `end`, whose symbols {@link GATHERED} counts.
 * @param sequences what they are made of; what comes behind the last match is literals
 */
export function writeBlock(start: usize, end: usize, sequences: usize, sequencesEnd: usize): void {
  increment(GATHERED, END_OF_BLOCK);
  makeCodes(GATHERED, LENGTH_SYMBOLS, LONGEST_CODE, CODES);
  makeCodes(GATHERED + DISTANCES, DISTANCE_SYMBOLS, LONGEST_CODE, CODES + DISTANCES);
  const dynamicBits = prepareCodeLengths() + codeBits();
  const extraBits = bitsBesideCodes();
  const length = (end - start) as u32;
  const storedBits = length * 8 + STORED_HEADER * (length / STORED_LIMIT + 1);
  if (storedBits <= min(dynamicBits, fixedBits()) + extraBits) {
    writeStored(start, end);
    return;
  }
  if (dynamicBits < fixedBits()) {
    put(DYNAMIC, 3);
    writeCodeLengths();
  } else {
    useFixedCodes();
    put(FIXED, 3);
  }
  writeSymbols(start, end, sequences, sequencesEnd);
}

/** Writes bytes as they are; none: an empty block. */
export function writeStored(start: usize, end: usize): void {
  let from = start;
  do {
    const length = min((end - from) as u32, STORED_LIMIT);
    put(STORED, 3);
    toByteBoundary();
    put(length, 16);
    put(length ^ 0xffff, 16);
    putBytes(from, length);
    from += length;
  } while (from < end);
}

function countOf(symbol: u32): u32 {
  return load<u32>(GATHERED + 4 * symbol);
}

function countOfDistance(symbol: u32): u32 {
  return load<u32>(GATHERED + DISTANCES + 4 * symbol);
}

function codeBits(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < LENGTH_SYMBOLS; symbol++) {
    bits += countOf(symbol) * (load<u32>(CODES + 4 * symbol) >> 24);
  }
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    bits += countOfDistance(symbol) * (load<u32>(CODES + DISTANCES + 4 * symbol) >> 24);
  }
  return bits;
}

function bitsBesideCodes(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = END_OF_BLOCK; symbol < LENGTH_SYMBOLS; symbol++) {
    bits += countOf(symbol) * extraBitsOfLength(symbol);
  }
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    bits += countOfDistance(symbol) * extraBitsOfDistance(symbol);
  }
  return bits;
}

function fixedLength(symbol: u32): u32 {
  if (symbol < 144) return 8;
  if (symbol < 256) return 9;
  return symbol < 280 ? 7 : 8;
}

function fixedBits(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < LENGTH_SYMBOLS; symbol++) {
    bits += countOf(symbol) * fixedLength(symbol);
  }
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    bits += countOfDistance(symbol) * FIXED_DISTANCE_LENGTH;
  }
  return bits;
}

/** The fixed codes have two lengths that never come. */
function useFixedCodes(): void {
  const symbols = LENGTH_SYMBOLS + 2;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    store<u32>(CODES + 4 * symbol, fixedLength(symbol) << 24);
  }
  numberCodes(symbols, CODES);
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    store<u32>(CODES + DISTANCES + 4 * symbol, FIXED_DISTANCE_LENGTH << 24);
  }
  numberCodes(DISTANCE_SYMBOLS, CODES + DISTANCES);
}

/** Here the time goes that is not spent on searching: the writer's state is kept in locals. */
function writeSymbols(start: usize, end: usize, sequences: usize, sequencesEnd: usize): void {
  fillLengthCodes();
  let from = start;
  let bits = pending;
  let count = pendingBits;
  let to = position;
  for (let sequence = sequences; sequence < sequencesEnd; sequence += 8) {
    const matchStart = from + load<u32>(sequence);
    for (; from + 3 <= matchStart; from += 3) {
      const bytes = load<u32>(from);
      const first = load<u32>(CODES + ((bytes & 0xff) << 2));
      const second = load<u32>(CODES + (((bytes >> 8) & 0xff) << 2));
      const third = load<u32>(CODES + (((bytes >> 16) & 0xff) << 2));
      bits |= ((first & 0xffff) as u64) << count;
      count += first >> 24;
      bits |= ((second & 0xffff) as u64) << count;
      count += second >> 24;
      bits |= ((third & 0xffff) as u64) << count;
      count += third >> 24;
      store<u64>(to, bits);
      to += count >> 3;
      bits >>= count & ~7;
      count &= 7;
    }
    // At most 7 bits and two codes of 15; then 20 for the length and 28 for the distance.
    for (; from < matchStart; from++) {
      const literal = load<u32>(CODES + ((load<u8>(from) as usize) << 2));
      bits |= ((literal & 0xffff) as u64) << count;
      count += literal >> 24;
    }
    store<u64>(to, bits);
    to += count >> 3;
    bits >>= count & ~7;
    count &= 7;
    const match = load<u32>(sequence + 4);
    const distance = match & 0xffff;
    const length = load<u32>(LENGTH_CODES + ((match >> 16) << 2));
    bits |= ((length & 0xffffff) as u64) << count;
    count += length >> 24;
    const symbol = symbolOfDistance(distance);
    const code = load<u32>(CODES + DISTANCES + (symbol << 2));
    bits |= ((code & 0xffff) as u64) << count;
    count += code >> 24;
    const parts = load<u32>(DISTANCE_PARTS + (symbol << 2));
    bits |= ((distance - (parts & 0xffff)) as u64) << count;
    count += parts >> 24;
    store<u64>(to, bits);
    to += count >> 3;
    bits >>= count & ~7;
    count &= 7;
    from += match >> 16;
  }
  resume(bits, count, to);
  for (; from < end; from++) putCode(load<u32>(CODES + 4 * (load<u8>(from) as usize)));
  putCode(load<u32>(CODES + 4 * END_OF_BLOCK));
}

/** Joins the code of each length with its extra bits. */
function fillLengthCodes(): void {
  for (let length = SHORTEST_MATCH; length <= LONGEST_MATCH; length++) {
    const parts = load<u32>(LENGTH_PARTS + 4 * length);
    const code = load<u32>(CODES + 4 * (parts & 0xffff));
    const bits = (code & 0xffff) | (((parts >> 16) & 0xff) << (code >> 24));
    store<u32>(LENGTH_CODES + 4 * length, bits | (((code >> 24) + (parts >> 24)) << 24));
  }
}
