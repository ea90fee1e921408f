/**
 * Compresses one block of a stream after another to deflate (RFC 1951), each by itself. This folder is
 * AssemblyScript, of which scripts/wasm-modules.js makes WebAssembly.
 */
import { position, restart as restartBits } from './bit-writer';
import { writeStored } from './block-writer';
import { addMatch, endChunk, finish, isChunkFull, restart as restartGathering } from './gathering';
import { BLOCK, OUTPUT, PAGES } from './layout';
import { find, insert, restart as restartSearch } from './matches';
import { fillSymbolTables, SHORTEST_MATCH } from './symbols';

/** Where nothing is found, every 2^SKIP literals the search takes a step more at a time. */
const SKIP: u32 = 8;

/** Bytes at the end that are literals, or the rest of a match: a search reads so far. */
const TAIL: u32 = 12;

memory.grow(PAGES - memory.size());
fillSymbolTables();

/** Where a block is to be put. What comes before it in the stream, up to 32 KiB, goes before it. */
export function inputAddress(): usize {
  return BLOCK;
}

/** Where {@link deflate} and {@link stored} write to. */
export function outputAddress(): usize {
  return OUTPUT;
}

/**
 * Compresses the block, and ends on a byte boundary with an empty stored block (a sync flush).
 * @param known bytes before the block to which it may refer
 * @param length bytes of the block, 1 MiB at most
 * @param depth candidates for a match that are looked at; 0: literals alone
 * @param lazyLength a match that is shorter gives way to a longer one a byte later
 * @param niceLength a match that is so long is taken
 * @returns the length of the output
 */
export function deflate(
  known: u32,
  length: u32,
  depth: u32,
  lazyLength: u32,
  niceLength: u32,
): u32 {
  restartBits();
  restartSearch(depth, niceLength, BLOCK - known);
  restartGathering();
  const end = BLOCK + length;
  const searchEnd = length < TAIL || depth === 0 ? BLOCK : end - TAIL;
  for (let address = BLOCK - known; address < min(BLOCK, searchEnd); address++) insert(address);
  finish(search(BLOCK - known, searchEnd, end, lazyLength), end);
  writeStored(end, end);
  return (position - OUTPUT) as u32;
}

/** The block as it is, in stored blocks of deflate. @returns the length of the output */
export function stored(length: u32): u32 {
  restartBits();
  writeStored(BLOCK, BLOCK + length);
  return (position - OUTPUT) as u32;
}

/** @returns where the last match ends */
function search(floor: usize, searchEnd: usize, end: usize, lazyLength: u32): usize {
  let literals: usize = BLOCK;
  let unknown: usize = BLOCK;
  while (unknown < searchEnd) {
    let start: usize = 0;
    let seen: usize = 0;
    let length = SHORTEST_MATCH;
    do {
      const address = unknown++;
      const match = find(address, length, end);
      if (match === 0) break;
      start = address;
      seen = match as u32 as usize;
      length = ((match >> 32) as u32) - (start as u32);
    } while (length < lazyLength && unknown < searchEnd);
    if (start === 0) {
      unknown += (unknown - literals) >> SKIP;
      continue;
    }
    const matchEnd = start + length;
    while (start > literals && seen > floor && load<u8>(start - 1) === load<u8>(seen - 1)) {
      start--;
      seen--;
    }
    addMatch(literals, start, (start - seen) as u32, (matchEnd - start) as u32);
    for (const known = min(matchEnd, searchEnd); unknown < known; unknown++) insert(unknown);
    unknown = matchEnd;
    literals = matchEnd;
    if (isChunkFull(matchEnd)) endChunk(matchEnd);
  }
  return literals;
}
