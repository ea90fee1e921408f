/** Booleans, integers and durations as Go spells them, with Go's texts for what is none. */
import { OcipushError } from '../errors.ts';
import { goQuote } from './escape.ts';

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** A Go integer literal without its sign: any base, underscores between the digits. */
const INTEGER =
  /^(?:0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?\d)*)$/;

/** One number of a duration with its unit. */
const DURATION_PART = /(\d*)(?:\.(\d*))?([^\d.]*)/y;

/** Milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** 2^63 nanoseconds in milliseconds: what a Go duration cannot hold any more. */
const DURATION_LIMIT = 2 ** 63 / 1e6;

/** @throws OcipushError USAGE, with the text of strconv.ParseBool */
export function parseBool(text: string): boolean {
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  throw invalid(`strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`);
}

/** @throws OcipushError USAGE, with the text of strconv.ParseInt */
export function parseInteger(text: string): number {
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const magnitude = magnitudeOf(digits, 'ParseInt', text);
  const value = sign === '-' ? -magnitude : magnitude;
  return inRange(value, -(2n ** 63n), 2n ** 63n - 1n, 'ParseInt', text);
}

/** Decimal alone. @throws OcipushError USAGE, with the text of strconv.Atoi */
export function parseDecimal(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw invalid(`strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`);
  }
  return inRange(BigInt(text.replace('+', '')), -(2n ** 63n), 2n ** 63n - 1n, 'Atoi', text);
}

/** @throws OcipushError USAGE, with the text of strconv.ParseUint */
export function parseUnsigned(text: string): number {
  return inRange(magnitudeOf(text, 'ParseUint', text), 0n, 2n ** 64n - 1n, 'ParseUint', text);
}

/**
 * The milliseconds of a duration such as `1s`, `500ms` or `1m30s`.
 * @throws OcipushError USAGE, with the text of time.ParseDuration
 */
export function parseDuration(text: string): number {
  const [, sign = '', unsigned = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (unsigned === '') throw invalidDuration(text);
  if (unsigned === '0') return 0;
  let total = 0;
  DURATION_PART.lastIndex = 0;
  while (DURATION_PART.lastIndex < unsigned.length) {
    const [, whole = '', fraction = '', unit = ''] = DURATION_PART.exec(unsigned) ?? [];
    if (whole === '' && fraction === '') throw invalidDuration(text);
    if (unit === '') throw invalid(`time: missing unit in duration ${goQuote(text)}`);
    const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (factor === undefined) {
      throw invalid(`time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`);
    }
    total += Number(`${whole || '0'}.${fraction || '0'}`) * factor;
  }
  if (total >= DURATION_LIMIT) throw invalidDuration(text);
  return sign === '-' ? -total : total;
}

/** Milliseconds as Go's Duration.String prints them, to the millisecond: `2s`, `1m30s`, `500ms`. */
export function formatDuration(milliseconds: number): string {
  const rounded = Math.round(milliseconds);
  if (rounded > 0 && rounded < 1000) return `${rounded}ms`;
  const hours = Math.floor(rounded / 3_600_000);
  const minutes = Math.floor(rounded / 60_000) % 60;
  const seconds = `${(rounded % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** `literal` without a sign; `text` is what the user typed. */
function magnitudeOf(literal: string, parser: string, text: string): bigint {
  if (!INTEGER.test(literal)) {
    throw invalid(`strconv.${parser}: parsing ${goQuote(text)}: invalid syntax`);
  }
  const digits = literal.replaceAll('_', '');
  return BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
}

function inRange(value: bigint, least: bigint, most: bigint, parser: string, text: string): number {
  if (value >= least && value <= most) return Number(value);
  throw invalid(`strconv.${parser}: parsing ${goQuote(text)}: value out of range`);
}

function invalidDuration(text: string): OcipushError {
  return invalid(`time: invalid duration ${goQuote(text)}`);
}

function invalid(message: string): OcipushError {
  return new OcipushError('USAGE', message, { origin: 'usage' });
}
