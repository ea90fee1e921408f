/**
 * The rolling sum of the reference (storage/pkg/chunked/compressor, from perkeep): of the bytes of a window
 * the newest counts once, the oldest 64 times. Nothing else decides where chunks end.
 */
import { WINDOW } from './layout';

/** A chunk ends where these bits of the sum are all set: every 64 KiB on average. */
const MASK: u32 = 0xffff;

/** What each byte counts more than its value, and the sum of a window of zeros. */
const OFFSET: u32 = 31;
const WEIGHTED_ZEROS: u32 = WINDOW * (WINDOW - 1) * OFFSET;

/** The sum of the bytes of the window, and their weighted sum. */
let plain: u32 = 0;
let weighted: u32 = 0;

/**
 * @param from address of the first byte, behind a whole window
 * @returns the address behind the first byte after which a chunk ends; 0: it does after none
 */
export function chunkEnd(from: usize, to: usize): usize {
  sumWindow(from);
  return ASC_FEATURE_SIMD ? vectorEnd(from, to) : byteEnd(from, to);
}

function sumWindow(end: usize): void {
  plain = 0;
  weighted = WEIGHTED_ZEROS;
  for (let address = end - WINDOW; address < end; address += 1) {
    plain += load<u8>(address);
    weighted += plain;
  }
}

function byteEnd(from: usize, to: usize): usize {
  let sum = plain;
  let sums = weighted;
  for (let address = from; address < to; address += 1) {
    const dropped = load<u8>(address - WINDOW) as u32;
    sum += load<u8>(address) - dropped;
    sums += sum - WINDOW * dropped;
    if ((sums & MASK) === MASK) return address + 1;
  }
  return 0;
}

/** Eight bytes at a time, each in 16 bits, as more of the sum decides nothing. */
function vectorEnd(from: usize, to: usize): usize {
  const mask = i16x8.splat(MASK as i16);
  let before = i16x8.splat(plain as i16);
  let weightedBefore = i16x8.splat(weighted as i16);
  for (let address = from; address < to; address += 8) {
    const dropped = v128.load_ext<u8>(address - WINDOW);
    const changes = i16x8.sub(v128.load_ext<u8>(address), dropped);
    const sums = i16x8.add(before, runningSums(changes));
    const weightedChanges = i16x8.sub(sums, i16x8.shl(dropped, 6));
    const weightedSums = i16x8.add(weightedBefore, runningSums(weightedChanges));
    const ends = i16x8.eq(weightedSums, mask);
    if (v128.any_true(ends)) {
      const end = address + 1 + (ctz(i16x8.bitmask(ends)) as usize);
      return end > to ? 0 : end;
    }
    before = v128.shuffle<i16>(sums, sums, 7, 7, 7, 7, 7, 7, 7, 7);
    weightedBefore = v128.shuffle<i16>(weightedSums, weightedSums, 7, 7, 7, 7, 7, 7, 7, 7);
  }
  return 0;
}

/** Of each lane and all before it. */
function runningSums(lanes: v128): v128 {
  const zeros = i16x8.splat(0);
  const two = i16x8.add(lanes, v128.shuffle<i16>(zeros, lanes, 7, 8, 9, 10, 11, 12, 13, 14));
  const four = i16x8.add(two, v128.shuffle<i16>(zeros, two, 6, 7, 8, 9, 10, 11, 12, 13));
  return i16x8.add(four, v128.shuffle<i16>(zeros, four, 4, 5, 6, 7, 8, 9, 10, 11));
}
