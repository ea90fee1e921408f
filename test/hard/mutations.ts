/** Damage to what is valid, as careless programs do it and ill-meaning ones. */
import * as fc from 'fast-check';
import { BLOCK, sealHeader } from '../support/tar.ts';

export type Change = (text: string) => string;

/** A place in any text: what is beyond its end counts from its beginning again. */
export const place = fc.nat(0xffff);

/** Bytes of a part that is taken somewhere else: up to a block of a tar file and a little more. */
const partLength = fc.nat(600);

const TEXT_PIECES: readonly string[] = [
  '\0',
  '\n',
  '\t',
  ' ',
  '\u001B[2J',
  '\u202E',
  '\uFEFF',
  '\uD800',
  'é🙂',
  'a'.repeat(300),
  ...'.. / // . : @ # ? & % %2f * + - _ , ; = " \' \\ < > [ ] { } ( ) | $ ~ A 0 -1 1e999'.split(
    ' ',
  ),
  ...'__proto__ constructor null true 9007199254740993 18446744073709551616'.split(' '),
];

const BYTE_PIECES: readonly string[] = [
  '\0',
  '\0\0\0\0',
  '\0'.repeat(512),
  '\xff',
  '\xff\xff\xff\xff',
  '\xff'.repeat(512),
  '\x80',
  '\x80\0\0\0\0\0\0\0\0\0\x04\0',
  '\x1f\x8b\x08',
  '\xed\xa0\x80',
  '\n',
  ...'7777777 8 -1 = / ../ x L K S 0'.split(' '),
];

/** The samples, some of them whole, the others with up to four places changed. */
export function texts(samples: readonly string[]): fc.Arbitrary<string> {
  return changed(samples, textChange(samples, TEXT_PIECES));
}

/** The same for bytes of any kind. */
export function bytes(samples: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const latin = samples.map((sample) => Buffer.from(sample).toString('latin1'));
  return changed(latin, textChange(latin, BYTE_PIECES)).map((text) => Buffer.from(text, 'latin1'));
}

/**
 * The same for tar archives, most of them with the right sums in their headers: behind a wrong one
 * nothing else is looked at.
 */
export function tars(samples: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  return fc.tuple(bytes(samples), fc.nat(3)).map(([tar, chance]) => {
    if (chance > 0) sealHeaders(tar);
    return tar;
  });
}

function sealHeaders(tar: Buffer): void {
  for (let start = 0; start + BLOCK <= tar.length; start += BLOCK) {
    const block = tar.subarray(start, start + BLOCK);
    if (block.includes('ustar')) sealHeader(block);
  }
}

/** The same, but with no more damage than a bad disk or line does: flipped bits, and a lost end. */
export function worn(samples: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const latin = samples.map((sample) => Buffer.from(sample).toString('latin1'));
  const change = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(place, fc.nat(7)).map(([at, bit]) => flipping(at, bit)) },
    { weight: 1, arbitrary: place.map(cutting) },
  );
  return changed(latin, change).map((text) => Buffer.from(text, 'latin1'));
}

/** The same for texts in UTF-8: sometimes changed as texts, sometimes as bytes. */
export function textBytes(samples: readonly string[]): fc.Arbitrary<Buffer> {
  return fc.oneof(
    { weight: 4, arbitrary: texts(samples).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: bytes(samples.map((sample) => Buffer.from(sample))) },
  );
}

/** A sample after up to four changes. */
export function changed(
  samples: readonly string[],
  change: fc.Arbitrary<Change>,
): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 4 }))
    .map(([sample, changes]) => changes.reduce((text, each) => each(text), sample));
}

function textChange(samples: readonly string[], pieces: readonly string[]): fc.Arbitrary<Change> {
  const piece = fc.constantFrom('', ...pieces);
  const part = fc
    .tuple(fc.constantFrom(...samples), place, partLength)
    .map(([sample, from, length]) => partOf(sample, from, length));
  return fc.oneof(
    fc.tuple(place, fc.nat(8), piece).map(([at, length, text]) => splicing(at, length, text)),
    fc.tuple(place, partLength, part).map(([at, length, text]) => splicing(at, length, text)),
    fc.tuple(place, partLength, place).map(([from, length, to]) => repeating(from, length, to)),
    fc.tuple(place, fc.nat(7)).map(([at, bit]) => flipping(at, bit)),
    place.map(cutting),
  );
}

function splicing(at: number, length: number, piece: string): Change {
  return (text) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + piece + text.slice(start + length);
  };
}

function repeating(from: number, length: number, to: number): Change {
  return (text) => splicing(to, 0, partOf(text, from, length))(text);
}

function flipping(at: number, bit: number): Change {
  return (text) => {
    if (text === '') return text;
    const index = at % text.length;
    return splicing(index, 1, String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)))(text);
  };
}

function cutting(at: number): Change {
  return (text) => text.slice(0, at % (text.length + 1));
}

function partOf(text: string, from: number, length: number): string {
  const start = from % (text.length + 1);
  return text.slice(start, start + length);
}
