/** Gathers matches and literals until it is better to begin another block of deflate. */
import { writeBlock } from './block-writer';
import {
  clear,
  clearFresh,
  cost,
  countLiterals,
  countMatch,
  gather,
  joinFreshLiterals,
  joinFreshToGathered,
} from './histogram';
import { BLOCK, FRESH, SEQUENCES, TOGETHER } from './layout';
import { LONGEST_MATCH, SHORTEST_MATCH } from './symbols';

/** Plain bytes after which it is considered. */
const CHUNK: u32 = 16 * 1024;
/** Bits for which another block is worth its header, and the time that it takes to make codes. */
const BLOCK_PRICE: f32 = 800;

/** What has been gathered, and what it will cost; less than 0: nothing has. */
let gatheredStart: usize = BLOCK;
let gatheredSequences: usize = SEQUENCES;
let gatheredCost: f32 = -1;

/** What comes behind it. */
let chunkStart: usize = BLOCK;
let chunkSequences: usize = SEQUENCES;

/** Where the next sequence goes. */
let sequence: usize = SEQUENCES;

export function restart(): void {
  gatheredStart = BLOCK;
  gatheredSequences = SEQUENCES;
  gatheredCost = -1;
  chunkStart = BLOCK;
  chunkSequences = SEQUENCES;
  sequence = SEQUENCES;
  clear();
}

/** A match behind literals that begin at `literals`. */
export function addMatch(literals: usize, address: usize, distance: u32, length: u32): void {
  countLiterals(literals, address);
  let before = (address - literals) as u32;
  for (let left = length; left > 0;) {
    const part = left <= LONGEST_MATCH ? left : min(LONGEST_MATCH, left - SHORTEST_MATCH);
    store<u32>(sequence, before);
    store<u32>(sequence + 4, distance | (part << 16));
    sequence += 8;
    countMatch(part, distance);
    before = 0;
    left -= part;
  }
}

export function isChunkFull(address: usize): boolean {
  return address - chunkStart >= CHUNK;
}

/** Behind a match: writes what has been gathered unless the chunk is better joined to it. */
export function endChunk(address: usize): void {
  joinFreshLiterals();
  const chunkCost = cost(FRESH);
  joinFreshToGathered();
  const costTogether = cost(TOGETHER);
  if (gatheredCost >= 0 && costTogether > gatheredCost + chunkCost + BLOCK_PRICE) {
    writeBlock(gatheredStart, chunkStart, gatheredSequences, chunkSequences);
    gatheredStart = chunkStart;
    gatheredSequences = chunkSequences;
    gatheredCost = chunkCost;
    gather(FRESH);
  } else {
    gatheredCost = costTogether;
    gather(TOGETHER);
  }
  clearFresh();
  chunkStart = address;
  chunkSequences = sequence;
}

/** Writes all that is left; from `literals` on there is no match any more. */
export function finish(literals: usize, end: usize): void {
  countLiterals(literals, end);
  endChunk(end);
  if (end > gatheredStart) writeBlock(gatheredStart, end, gatheredSequences, sequence);
}
