/** Numbers of bytes as people type them. */
import { OcipushError } from '../errors.ts';
import { goQuote } from './escape.ts';

/** Bytes; a letter alone means powers of 1024, as for curl and docker. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1000,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1000 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1000 ** 3,
  gib: 1024 ** 3,
};

/**
 * `1048576`, `5MiB`, `1.5g`, `100 kB`: a whole number of bytes, at least 1.
 * @throws OcipushError USAGE
 */
export function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const bytes = Math.floor(Number(number) * (factor ?? 0));
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new OcipushError('USAGE', `invalid size ${goQuote(text)}`, {
    origin: 'usage',
    hint: 'write a number of bytes, such as 1048576, 500k or 5MiB',
  });
}
