/**
 * CRC-64 of ISO 3309, as Go's hash/crc64 has it. The polynomial has four terms, x^64 + x^4 + x^3 + x + 1,
 * so that the division is a few shifts, and no table is needed.
 */

/** The polynomial without its first term; the lowest bit is that of x^63. */
const POLYNOMIAL: u64 = 0xd800000000000000;

let crc: u64 = ~0;

export function add(from: usize, to: usize): void {
  let position = from;
  if (ASC_FEATURE_SIMD) {
    for (; position + 128 <= to;) position = addVectors(position, to);
  }
  let sum = crc;
  for (; position + 8 <= to; position += 8) sum = divide(sum ^ load<u64>(position));
  for (; position < to; position += 1) {
    sum ^= load<u8>(position) as u64;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >> 1) ^ ((sum & 1) * POLYNOMIAL);
  }
  crc = sum;
}

export function finish(): u64 {
  const sum = ~crc;
  crc = ~0;
  return sum;
}

/** What is left of eight bytes when eight more follow: x^64 is x^4 + x^3 + x + 1. */
function divide(bytes: u64): u64 {
  const quotient = bytes ^ (bytes << 63) ^ (bytes << 61) ^ (bytes << 60);
  return quotient ^ (quotient >> 1) ^ (quotient >> 3) ^ (quotient >> 4);
}

/**
 * 64 bytes at a time: each vector is carried over to the one 64 bytes later, which leaves as many, and
 * these are the sum of all before.
 * @param from at least 64 bytes before `to`
 * @returns the end of the whole vectors
 */
function addVectors(from: usize, to: usize): usize {
  let a = v128.xor(v128.load(from), i64x2.replace_lane(i64x2.splat(0), 0, crc));
  let b = v128.load(from, 16);
  let c = v128.load(from, 32);
  let d = v128.load(from, 48);
  let position = from + 64;
  for (; position + 64 <= to; position += 64) {
    a = v128.xor(carry(a), v128.load(position));
    b = v128.xor(carry(b), v128.load(position, 16));
    c = v128.xor(carry(c), v128.load(position, 32));
    d = v128.xor(carry(d), v128.load(position, 48));
  }
  crc = divideVector(divideVector(divideVector(divideVector(0, a), b), c), d);
  return position;
}

/** What is left of eight bytes when 64 more follow: x^512 is x^32 + x^24 + x^8 + 1, as squares have no more terms. */
function carry(bytes: v128): v128 {
  const over = v128.xor(v128.xor(i64x2.shl(bytes, 56), i64x2.shl(bytes, 40)), i64x2.shl(bytes, 32));
  const left = v128.xor(
    v128.xor(bytes, i64x2.shr_u(bytes, 8)),
    v128.xor(i64x2.shr_u(bytes, 24), i64x2.shr_u(bytes, 32)),
  );
  return v128.xor(
    v128.xor(left, v128.xor(over, i64x2.shr_u(over, 1))),
    v128.xor(i64x2.shr_u(over, 3), i64x2.shr_u(over, 4)),
  );
}

function divideVector(sum: u64, bytes: v128): u64 {
  const first = divide(sum ^ (i64x2.extract_lane(bytes, 0) as u64));
  return divide(first ^ (i64x2.extract_lane(bytes, 1) as u64));
}
