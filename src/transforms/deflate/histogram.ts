/** Counts symbols, and tells what they will cost. */
import {
  DISTANCES,
  DISTANCE_SYMBOLS,
  FRESH,
  FRESH_SIZE,
  FRESH_LITERALS,
  GATHERED,
  LENGTH_PARTS,
  LENGTH_SYMBOLS,
  LITERALS,
  TOGETHER,
} from './layout';
import { symbolOfDistance } from './symbols';

const TABLE: u32 = 320;

export function increment(counts: usize, symbol: u32): void {
  const count = counts + 4 * symbol;
  store<u32>(count, load<u32>(count) + 1);
}

/** Two tables, as a processor waits where it counts the same byte twice in a row. */
export function countLiterals(start: usize, end: usize): void {
  let at = start;
  for (; at + 2 <= end; at += 2) {
    const pair = load<u16>(at) as u32;
    increment(FRESH, pair & 0xff);
    increment(FRESH_LITERALS, pair >> 8);
  }
  if (at < end) increment(FRESH, load<u8>(at));
}

export function countMatch(length: u32, distance: u32): void {
  increment(FRESH, load<u32>(LENGTH_PARTS + 4 * length) & 0xffff);
  increment(FRESH + DISTANCES, symbolOfDistance(distance));
}

/** Forgets all that was counted. */
export function clear(): void {
  memory.fill(GATHERED, 0, FRESH - GATHERED);
  clearFresh();
}

export function clearFresh(): void {
  memory.fill(FRESH, 0, FRESH_SIZE);
}

export function joinFreshLiterals(): void {
  for (let literal: u32 = 0; literal < LITERALS; literal++) {
    const count = FRESH + 4 * literal;
    store<u32>(count, load<u32>(count) + load<u32>(FRESH_LITERALS + 4 * literal));
  }
}

export function joinFreshToGathered(): void {
  for (let symbol: u32 = 0; symbol < TABLE; symbol++) {
    const count = load<u32>(GATHERED + 4 * symbol) + load<u32>(FRESH + 4 * symbol);
    store<u32>(TOGETHER + 4 * symbol, count);
  }
}

export function gather(counts: usize): void {
  memory.copy(GATHERED, counts, 4 * TABLE);
}

/** Bits that the symbols would have in codes as short as information allows; without extra bits. */
export function cost(counts: usize): f32 {
  return entropy(counts, LENGTH_SYMBOLS) + entropy(counts + DISTANCES, DISTANCE_SYMBOLS);
}

function entropy(counts: usize, symbols: u32): f32 {
  let total: u32 = 0;
  let bits: f32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + 4 * symbol);
    total += count;
    if (count > 0) bits -= (count as f32) * log2(count);
  }
  return total === 0 ? 0 : bits + (total as f32) * log2(total);
}

/** To a hundredth: the exponent of the number as a float, and a parabola through what is left. */
function log2(value: u32): f32 {
  const bits = reinterpret<u32>(value as f32);
  const fraction = reinterpret<f32>((bits & 0x7fffff) | 0x3f800000) - 1;
  const exponent = ((bits >> 23) as i32) - 127;
  return (exponent as f32) + (fraction * (4 - fraction)) / 3;
}
