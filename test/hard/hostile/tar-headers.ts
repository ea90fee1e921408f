/** Tar files whose headers lie: each has the image of a docker archive behind or before the lie. */
import { gzipSync } from 'node:zlib';
import { END, headerBlock, octal, padded, paxHeader, tarOf } from '../../support/tar.ts';
import type { HostileCase } from './cases.ts';
import { archiveCase, archiveWith, membersWith, type ArchiveRow } from './docker-image.ts';
import { EVIL } from './words.ts';

const WHOLE = await archiveWith();

/** The members without what ends the archive. */
const OPEN = WHOLE.subarray(0, -END.length);

const SIZE = 124;
const TYPE = 156;
const FORMAT = 257;

/** A size in base 256, as GNU writes those of 8 GiB and more. */
function binary(...bytes: readonly number[]): Buffer {
  return Buffer.from([...bytes, ...Array<number>(12).fill(0)].slice(0, 12));
}

/** A header before the image, with what follows it. */
function before(...blocks: readonly Buffer[]): () => Buffer {
  return () => Buffer.concat([...blocks, WHOLE]);
}

function behind(...blocks: readonly Buffer[]): () => Buffer {
  return () => Buffer.concat([OPEN, ...blocks, END]);
}

function changed(place: number, bytes: string | Uint8Array): () => Buffer {
  return () => {
    const spoilt = Buffer.from(WHOLE);
    spoilt.set(Buffer.from(bytes as Uint8Array), place);
    return spoilt;
  };
}

/** An extension header of GNU tar: the name, or the target of a link, of the member behind it. */
function gnu(type: 'L' | 'K', text: string, size = Buffer.byteLength(text)): Buffer {
  return Buffer.concat([
    headerBlock('././@LongLink', { [SIZE]: octal(size), [TYPE]: type, [FORMAT]: 'ustar  \0' }),
    padded(text),
  ]);
}

const stranger = headerBlock('x');

const SIZES: readonly (readonly [name: string, size: string | Buffer])[] = [
  ['-1 in base 256', Buffer.alloc(12, 0xff)],
  ['the least number in base 256', binary(0xff)],
  ['8 GiB', octal(8 * 1024 ** 3 - 1)],
  ['2^63 in base 256', binary(0x80, 0, 0, 0, 0x80)],
  ['2^88 in base 256', binary(0x81)],
  ['one byte more than there is', octal(WHOLE.length + 1)],
  ['all sevens', '777777777777'],
];

const sizes: readonly ArchiveRow[] = SIZES.map(([name, size]) => [
  `a size of ${name}`,
  'ARCHIVE_INVALID',
  behind(headerBlock('x', { [SIZE]: size }), padded('x')),
]);

const PAX_SIZES = ['9999999999999999', '1e30', '-1', String(2 ** 53), '99999999999999999999'];

const paxSizes: readonly ArchiveRow[] = PAX_SIZES.map((size) => [
  `a PAX size of ${size}`,
  'ARCHIVE_INVALID',
  before(paxHeader('x', { size }), stranger),
]);

const headers: readonly ArchiveRow[] = [
  ['nothing at all', 'SOURCE_NOT_FOUND', () => Buffer.alloc(0)],
  ['one byte', 'ARCHIVE_INVALID', () => Buffer.from('x')],
  ['half a block', 'ARCHIVE_INVALID', () => WHOLE.subarray(0, 256)],
  ['only zeros', 'SOURCE_NOT_FOUND', () => Buffer.alloc(10_240)],
  ['its end in the middle', 'SOURCE_NOT_FOUND', before(END)],
  ['its end cut off', 'success', () => OPEN],
  ['a cut header', 'ARCHIVE_INVALID', () => OPEN.subarray(0, -300)],
  ['a cut member', 'ARCHIVE_INVALID', () => WHOLE.subarray(0, 700)],
  ['anything behind its end', 'success', () => Buffer.concat([WHOLE, Buffer.from(EVIL)])],
  ['a wrong checksum in its first header', 'ARCHIVE_INVALID', changed(148, '000000\0 ')],
  ['a wrong checksum in its second header', 'ARCHIVE_INVALID', changed(1024 + 148, '777777\0 ')],
  ['no checksum', 'ARCHIVE_INVALID', changed(148, Buffer.alloc(8))],
  ['a checksum that is no number', 'ARCHIVE_INVALID', changed(148, EVIL.slice(0, 4))],
  ['a format that nobody knows', 'success', before(headerBlock('x', { [FORMAT]: 'xxxxxxxx' }))],
  ['a type that nobody knows', 'success', before(headerBlock('x', { [TYPE]: '\u001B' }))],
  ['a size that is text', 'ARCHIVE_INVALID', before(headerBlock('x', { [SIZE]: 'zzzzzzzzzzz\0' }))],
  [
    'a directory with a size',
    'success',
    before(headerBlock('x/', { [SIZE]: octal(1), [TYPE]: '5' })),
  ],
  [
    'a link with a size',
    'success',
    before(headerBlock('x', { [SIZE]: octal(9), [TYPE]: '2', 157: '/etc' })),
  ],
  ['a name without end', 'success', before(headerBlock('x'.repeat(100)))],
  ['a name of no bytes', 'success', before(headerBlock(''))],
  ['a name that is no UTF-8', 'success', before(headerBlock('', { 0: Buffer.alloc(100, 0xe9) }))],
  ['a PAX header and nothing else', 'ARCHIVE_INVALID', () => paxHeader('x', { path: 'x' })],
  ['a PAX header at its end', 'ARCHIVE_INVALID', behind(paxHeader('x', { path: 'x' }))],
  [
    'a PAX header of 1 TiB',
    'ARCHIVE_INVALID',
    behind(headerBlock('x', { [SIZE]: binary(0x80, 0, 0, 0, 0, 0, 1), [TYPE]: 'x' })),
  ],
  [
    '1,000 PAX headers in a row',
    'success',
    before(...Array<Buffer>(1000).fill(paxHeader('x', { comment: 'x' })), stranger),
  ],
  ['a PAX header for all', 'success', before(paxHeader('g', { comment: EVIL }))],
  ['a PAX size of nothing for all', 'success', before(paxHeader('g', { size: '0' }))],
  ['a PAX name for all', 'success', before(paxHeader('g', { path: 'x' }))],
  [
    'a PAX record that is longer than its header',
    'success',
    before(
      headerBlock('x', { [SIZE]: octal(20), [TYPE]: 'x' }),
      padded('999 path=manifest.jso'),
      stranger,
    ),
  ],
  [
    'a PAX record of no length',
    'success',
    before(headerBlock('x', { [SIZE]: octal(9), [TYPE]: 'x' }), padded('0 path=x\n'), stranger),
  ],
  [
    'a PAX record of -1 bytes',
    'success',
    before(headerBlock('x', { [SIZE]: octal(10), [TYPE]: 'x' }), padded('-1 path=x\n'), stranger),
  ],
  [
    'a PAX record without a value',
    'success',
    before(headerBlock('x', { [SIZE]: octal(7), [TYPE]: 'x' }), padded('7 path\n'), stranger),
  ],
  [
    'PAX records that are none',
    'success',
    before(
      headerBlock('x', { [SIZE]: octal(100), [TYPE]: 'x' }),
      padded(EVIL.repeat(9).slice(0, 100)),
      stranger,
    ),
  ],
  [
    'PAX records of a prototype',
    'success',
    before(paxHeader('x', { __proto__x: 'x', constructor: 'x', toString: 'x' }), stranger),
  ],
  ['a GNU name of 60 KiB', 'success', before(gnu('L', 'x'.repeat(61_440)), stranger)],
  ['a GNU name of 8 GiB', 'ARCHIVE_INVALID', behind(gnu('L', 'x', 8 * 1024 ** 3 - 1))],
  ['a GNU name of nothing', 'success', before(gnu('L', ''), stranger)],
  ['a GNU name at its end', 'ARCHIVE_INVALID', behind(gnu('L', 'x\0'))],
  [
    '100 GNU names in a row',
    'success',
    before(...Array<Buffer>(100).fill(gnu('L', 'x\0')), stranger),
  ],
  ['a GNU target for what is no link', 'success', before(gnu('K', '/etc/passwd\0'), stranger)],
  [
    'an old sparse member',
    'success',
    before(
      headerBlock('x', { [SIZE]: octal(4), [TYPE]: 'S', [FORMAT]: 'ustar  \0' }),
      padded('text'),
    ),
  ],
  [
    'an old sparse member without end',
    'success',
    behind(headerBlock('x', { [TYPE]: 'S', [FORMAT]: 'ustar  \0', 482: '\u0001' })),
  ],
];

const compressed: readonly ArchiveRow[] = [
  ['gzip that was cut', 'ARCHIVE_INVALID', () => gzipSync(WHOLE).subarray(0, -20)],
  [
    'gzip with another length',
    'ARCHIVE_INVALID',
    () => Buffer.concat([gzipSync(WHOLE).subarray(0, -4), Buffer.alloc(4)]),
  ],
  ['gzip in gzip', 'ARCHIVE_INVALID', () => gzipSync(gzipSync(WHOLE))],
  [
    'gzip and anything behind it',
    'ARCHIVE_INVALID',
    () => Buffer.concat([gzipSync(WHOLE), Buffer.from(EVIL)]),
  ],
  ['gzip of nothing', 'SOURCE_NOT_FOUND', () => gzipSync('')],
  [
    'gzip in a thousand members',
    'success',
    () => Buffer.concat(pieces(WHOLE, 1000).map((piece) => gzipSync(piece))),
  ],
  ['only the magic of zstd', 'ARCHIVE_INVALID', () => Buffer.from('28b52ffd', 'hex')],
  ['a skippable frame of 4 GiB', 'ARCHIVE_INVALID', () => Buffer.from('502a4d18ffffffff', 'hex')],
  ['only the magic of xz', 'ARCHIVE_INVALID', () => Buffer.from('fd377a585a00', 'hex')],
  ['only the magic of bzip2', 'ARCHIVE_INVALID', () => Buffer.from('425a6839', 'hex')],
];

function pieces(bytes: Buffer, count: number): readonly Buffer[] {
  const length = Math.ceil(bytes.length / count);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

const many = Array.from({ length: 20_000 }, (_, index) => ({ name: `f${index}`, content: '' }));

export const TAR_HEADERS: readonly HostileCase[] = (
  [
    ...sizes,
    ...paxSizes,
    ...headers,
    ...compressed,
    ['20,000 members of no use', 'success', () => tarOf([...many, ...membersWith()])],
    [
      '20,000 members of one name',
      'success',
      () => tarOf([...many.map(() => ({ name: 'x' })), ...membersWith()]),
    ],
  ] satisfies readonly ArchiveRow[]
).map(archiveCase);
