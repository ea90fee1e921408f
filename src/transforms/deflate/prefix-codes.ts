/** Makes prefix codes (RFC 1951, 3.2.2): short ones for what is frequent. */
import { BY_FREQUENCY, LENGTH_COUNTS, NEXT_CODES, TREE } from './layout';

const SYMBOL_BITS: u32 = 9;

/**
 * Makes the shortest code of a limited length. One symbol alone gets a code of two, as some readers
 * refuse a code with one.
 * @param counts how often each symbol comes, u32, less than 2^23 in all
 * @param codes gets a code for each symbol: its bits, and their number from bit 24 on; 0 for none
 */
export function makeCodes(counts: usize, symbols: u32, longest: u32, codes: usize): void {
  const used = sortByFrequency(counts, symbols);
  memory.fill(codes, 0, 4 * symbols);
  if (used < 2) {
    const first = used === 0 ? 0 : load<u32>(BY_FREQUENCY) & ((1 << SYMBOL_BITS) - 1);
    store<u32>(codes + 4 * first, 1 << 24);
    store<u32>(codes + 4 * (first === 0 ? 1 : 0), 1 << 24);
  } else {
    growTree(used);
    countDepths(used, longest);
    limitLengths(longest);
    giveLengths(longest, codes);
  }
  numberCodes(symbols, codes);
}

/** Symbols that come at all, each with its count above it; @returns how many there are */
function sortByFrequency(counts: usize, symbols: u32): u32 {
  let used: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + 4 * symbol);
    if (count > 0) store<u32>(BY_FREQUENCY + 4 * used++, (count << SYMBOL_BITS) | symbol);
  }
  let gap: u32 = 1;
  while (gap < used / 3) gap = 3 * gap + 1;
  for (; gap > 0; gap /= 3) sortByGap(used, gap);
  return used;
}

/** One pass of Shell's sort. */
function sortByGap(used: u32, gap: u32): void {
  for (let from = gap; from < used; from++) {
    const entry = load<u32>(BY_FREQUENCY + 4 * from);
    let to = from;
    for (; to >= gap; to -= gap) {
      const other = load<u32>(BY_FREQUENCY + 4 * (to - gap));
      if (other <= entry) break;
      store<u32>(BY_FREQUENCY + 4 * to, other);
    }
    store<u32>(BY_FREQUENCY + 4 * to, entry);
  }
}

function treeAt(index: u32): u32 {
  return load<u32>(TREE + 4 * index);
}

function setTree(index: u32, value: u32): void {
  store<u32>(TREE + 4 * index, value);
}

/**
 * Huffman's tree in the place of the sorted counts (Moffat and Katajainen, "In-place calculation of
 * minimum-redundancy codes"): afterwards each inner node holds the number of the one above it.
 */
function growTree(used: u32): void {
  for (let leaf: u32 = 0; leaf < used; leaf++) {
    setTree(leaf, load<u32>(BY_FREQUENCY + 4 * leaf) >> SYMBOL_BITS);
  }
  let leaf: u32 = 0;
  let inner: u32 = 0;
  for (let node: u32 = 0; node < used - 1; node++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      if (leaf >= used || (inner < node && treeAt(inner) < treeAt(leaf))) {
        weight += treeAt(inner);
        setTree(inner++, node);
      } else {
        weight += treeAt(leaf++);
      }
    }
    setTree(node, weight);
  }
}

/** Counts the leaves at each depth; what is deeper than `longest` counts as being there. */
function countDepths(used: u32, longest: u32): void {
  memory.fill(LENGTH_COUNTS, 0, 4 * 48);
  const root = used - 2;
  setTree(root, 0);
  store<u32>(LENGTH_COUNTS, 1);
  // Each inner node takes the place of a leaf and has two below it.
  for (let node = root as i32; node >= 0; node--) {
    const depth = node === (root as i32) ? 0 : treeAt(treeAt(node)) + 1;
    setTree(node, depth);
    const here = LENGTH_COUNTS + 4 * min(depth, longest);
    const below = LENGTH_COUNTS + 4 * min(depth + 1, longest);
    store<u32>(here, load<u32>(here) - 1);
    store<u32>(below, load<u32>(below) + 2);
  }
}

/** Lengthens the cheapest codes until all have room (Kraft's inequality). */
function limitLengths(longest: u32): void {
  let room: u32 = 0;
  for (let length: u32 = 1; length <= longest; length++) {
    room += load<u32>(LENGTH_COUNTS + 4 * length) << (longest - length);
  }
  for (; room > 1 << longest; room--) {
    let length = longest - 1;
    while (load<u32>(LENGTH_COUNTS + 4 * length) === 0) length--;
    const here = LENGTH_COUNTS + 4 * length;
    const last = LENGTH_COUNTS + 4 * longest;
    store<u32>(here, load<u32>(here) - 1);
    store<u32>(here + 4, load<u32>(here + 4) + 2);
    store<u32>(last, load<u32>(last) - 1);
  }
}

/** The rarest symbols get the longest codes. */
function giveLengths(longest: u32, codes: usize): void {
  let entry = BY_FREQUENCY;
  for (let length = longest; length > 0; length--) {
    for (let left = load<u32>(LENGTH_COUNTS + 4 * length); left > 0; left--) {
      const symbol = load<u32>(entry) & ((1 << SYMBOL_BITS) - 1);
      store<u32>(codes + 4 * symbol, length << 24);
      entry += 4;
    }
  }
}

/** Gives codes to symbols that have their lengths: in order of length, then of symbol. */
export function numberCodes(symbols: u32, codes: usize): void {
  memory.fill(LENGTH_COUNTS, 0, 4 * 16);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = LENGTH_COUNTS + 4 * (load<u32>(codes + 4 * symbol) >> 24);
    store<u32>(count, load<u32>(count) + 1);
  }
  store<u32>(LENGTH_COUNTS, 0);
  let code: u32 = 0;
  for (let length: u32 = 1; length < 16; length++) {
    code = (code + load<u32>(LENGTH_COUNTS + 4 * (length - 1))) << 1;
    store<u32>(NEXT_CODES + 4 * length, code);
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length = load<u32>(codes + 4 * symbol) >> 24;
    if (length === 0) continue;
    const next = NEXT_CODES + 4 * length;
    store<u32>(codes + 4 * symbol, reversed(load<u32>(next), length) | (length << 24));
    store<u32>(next, load<u32>(next) + 1);
  }
}

/** Codes are packed from their first bit on, unlike all else. */
function reversed(code: u32, length: u32): u32 {
  let result: u32 = 0;
  for (let bit: u32 = 0; bit < length; bit++) result = (result << 1) | ((code >> bit) & 1);
  return result;
}
