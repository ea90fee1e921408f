/** How the codes of a block are told in its header: by their lengths, in a code of their own (RFC 1951, 3.2.7). */
import { put, putCode } from './bit-writer';
import { increment } from './histogram';
import {
  CODES,
  CODE_LENGTHS,
  DISTANCES,
  DISTANCE_SYMBOLS,
  LENGTH_SYMBOLS,
  TOLD,
  TOLD_CODES,
  TOLD_FREQUENCIES,
} from './layout';
import { makeCodes } from './prefix-codes';

const TOLD_SYMBOLS: u32 = 19;
const LONGEST_TOLD_CODE: u32 = 7;
const FEWEST_LENGTH_SYMBOLS: u32 = 257;
const FEWEST_TOLD_SYMBOLS: u32 = 4;

/** The length before it 3 to 6 times more; 3 to 10 zeros; 11 to 138 zeros. */
const AGAIN: u32 = 16;
const ZEROS: u32 = 17;
const MANY_ZEROS: u32 = 18;

/** The order in which the lengths of the code for lengths are written. */
const TOLD_ORDER: StaticArray<u8> = [
  16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

let lengthSymbols: u32 = 0;
let distanceSymbols: u32 = 0;
let toldLength: u32 = 0;
let orderLength: u32 = 0;

/** @returns the bits that telling the codes will take */
export function prepareCodeLengths(): u32 {
  lengthSymbols = lastUsed(CODES, LENGTH_SYMBOLS, FEWEST_LENGTH_SYMBOLS);
  distanceSymbols = lastUsed(CODES + DISTANCES, DISTANCE_SYMBOLS, 1);
  copyLengths(CODES, lengthSymbols, CODE_LENGTHS);
  copyLengths(CODES + DISTANCES, distanceSymbols, CODE_LENGTHS + lengthSymbols);
  tellRuns(lengthSymbols + distanceSymbols);
  makeCodes(TOLD_FREQUENCIES, TOLD_SYMBOLS, LONGEST_TOLD_CODE, TOLD_CODES);
  orderLength = TOLD_SYMBOLS;
  while (orderLength > FEWEST_TOLD_SYMBOLS && toldCodeLength(TOLD_ORDER[orderLength - 1]) === 0) {
    orderLength--;
  }
  let bits: u32 = 5 + 5 + 4 + 3 * orderLength;
  for (let symbol: u32 = 0; symbol < TOLD_SYMBOLS; symbol++) {
    const bitsEach = toldCodeLength(symbol) + extraBitsOf(symbol);
    bits += load<u32>(TOLD_FREQUENCIES + 4 * symbol) * bitsEach;
  }
  return bits;
}

/** Writes what has been prepared. */
export function writeCodeLengths(): void {
  put(lengthSymbols - FEWEST_LENGTH_SYMBOLS, 5);
  put(distanceSymbols - 1, 5);
  put(orderLength - FEWEST_TOLD_SYMBOLS, 4);
  for (let index: u32 = 0; index < orderLength; index++) {
    put(toldCodeLength(TOLD_ORDER[index]), 3);
  }
  for (let index: u32 = 0; index < toldLength; index++) {
    const told: u32 = load<u16>(TOLD + 2 * index);
    const symbol = told & 0xff;
    putCode(load<u32>(TOLD_CODES + 4 * symbol));
    put(told >> 8, extraBitsOf(symbol));
  }
}

function lastUsed(codes: usize, symbols: u32, fewest: u32): u32 {
  let last = symbols;
  while (last > fewest && load<u32>(codes + 4 * (last - 1)) === 0) last--;
  return last;
}

function copyLengths(codes: usize, symbols: u32, to: usize): void {
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    store<u8>(to + symbol, (load<u32>(codes + 4 * symbol) >> 24) as u8);
  }
}

function toldCodeLength(symbol: u32): u32 {
  return load<u32>(TOLD_CODES + 4 * symbol) >> 24;
}

function extraBitsOf(symbol: u32): u32 {
  if (symbol < AGAIN) return 0;
  return symbol === AGAIN ? 2 : symbol === ZEROS ? 3 : 7;
}

function tellRuns(lengths: u32): void {
  toldLength = 0;
  memory.fill(TOLD_FREQUENCIES, 0, 4 * TOLD_SYMBOLS);
  for (let start: u32 = 0; start < lengths;) {
    const length: u32 = load<u8>(CODE_LENGTHS + start);
    let end = start + 1;
    while (end < lengths && load<u8>(CODE_LENGTHS + end) === length) end++;
    tellRun(length, end - start);
    start = end;
  }
}

function tellRun(length: u32, times: u32): void {
  let left = times;
  if (length === 0) {
    left = tellMany(MANY_ZEROS, left, 11, 138);
    left = tellMany(ZEROS, left, 3, 10);
  } else {
    tell(length, 0);
    left = tellMany(AGAIN, left - 1, 3, 6);
  }
  for (; left > 0; left--) tell(length, 0);
}

/** @returns how often the length has still to be told */
function tellMany(symbol: u32, times: u32, fewest: u32, most: u32): u32 {
  let left = times;
  while (left >= fewest) {
    const told = min(left, most);
    tell(symbol, told - fewest);
    left -= told;
  }
  return left;
}

function tell(symbol: u32, extra: u32): void {
  store<u16>(TOLD + 2 * toldLength++, (symbol | (extra << 8)) as u16);
  increment(TOLD_FREQUENCIES, symbol);
}
