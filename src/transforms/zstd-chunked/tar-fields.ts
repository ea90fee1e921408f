/** Reads the fields of tar headers as Go's archive/tar does, and refuses what it reads strangely. */
import { chunkedObstacle } from './obstacle.ts';

/** A moment: seconds since 1970, and nanoseconds from 0 on after them. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws OcipushError for what is not UTF-8, which the pulling side would look for in vain */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw chunkedObstacle(`${what} is not UTF-8`);
  }
}

/** The field at a place, up to the first NUL. */
export function textField(block: Uint8Array, start: number, length: number, what: string): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return decodeText(end < 0 ? field : field.subarray(0, end), what);
}

/**
 * A number in octal digits, or in base 256 when the first byte has its highest bit set.
 * @throws OcipushError for what is no number or has more than 53 bits
 */
export function numberField(block: Uint8Array, start: number, length: number): number {
  const end = start + length;
  const isOctal = ((block[start] ?? 0) & 0x80) === 0;
  return isOctal ? octal(block, start, end) : base256(block.subarray(start, end));
}

/** Digits up to the first NUL, with spaces and NULs around them; none of them are 0. */
function octal(block: Uint8Array, from: number, to: number): number {
  let start = from;
  let end = to;
  while (start < end && isBlank(block[start])) start += 1;
  while (end > start && isBlank(block[end - 1])) end -= 1;
  let value = 0;
  for (let index = start; index < end && block[index] !== 0; index += 1) {
    const digit = (block[index] ?? 0) - 0x30;
    value = digit >= 0 && digit < 8 ? value * 8 + digit : NaN;
  }
  return safe(value);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

/** Two's complement in all bits but the first. */
function base256(field: Uint8Array): number {
  const bits = BigInt(field.length * 8 - 1);
  const value = BigInt(`0x${Buffer.from(field).toString('hex')}`);
  return safe(Number(BigInt.asIntN(Number(bits), value)));
}

/** An integer of a PAX record. */
export function paxNumber(text: string): number {
  return safe(/^[+-]?\d+$/.test(text) ? Number(text) : NaN);
}

/** A time of a PAX record: `1700000000.123456789`; digits beyond nanoseconds are cut off. */
export function paxTime(text: string): TarTime {
  const {
    sign = '',
    whole = '',
    fraction = '',
  } = /^(?<sign>-?)(?<whole>\d+)(?:\.(?<fraction>\d*))?$/.exec(text)?.groups ?? {};
  if (whole === '') throw chunkedObstacle(`a header has the time ${JSON.stringify(text)}`);
  const seconds = safe(Number(whole));
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

function safe(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw chunkedObstacle('a header has a number that cannot be read');
}

/**
 * The records of a PAX extended header; the last of a name counts.
 * @throws OcipushError for what Go would not read
 */
export function paxRecords(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (let position = 0; position < bytes.length;) {
    const space = bytes.indexOf(0x20, position);
    const digits = Buffer.from(bytes.subarray(position, Math.max(space, position))).toString(
      'latin1',
    );
    const end = position + (/^[1-9]\d{0,6}$/.test(digits) ? Number(digits) : NaN);
    const equals = bytes.indexOf(0x3d, space);
    const isRecord =
      space > position && equals > space + 1 && equals < end && bytes[end - 1] === 0x0a;
    if (!isRecord) throw chunkedObstacle('an extended header is invalid');
    const key = decodeText(bytes.subarray(space + 1, equals), 'the key of a PAX record');
    if (key.includes('\u0000')) throw chunkedObstacle('an extended header is invalid');
    records.set(key, bytes.slice(equals + 1, end - 1));
    position = end;
  }
  return records;
}
