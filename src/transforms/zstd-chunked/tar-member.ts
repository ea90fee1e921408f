/** What the header blocks of a tar member say, read as Go's archive/tar does. */
import { chunkedObstacle } from './obstacle.ts';
import {
  decodeText,
  numberField,
  paxNumber,
  paxTime,
  textField,
  type TarTime,
} from './tar-fields.ts';

export type MemberType = 'reg' | 'hardlink' | 'symlink' | 'char' | 'block' | 'dir' | 'fifo';

export interface TarMember {
  readonly type: MemberType;
  /** As it stands there, with a `./` before it or a `/` after it. */
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  /** Bytes of contents; 0 for all but regular files. */
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly modified: TarTime;
  readonly accessed: TarTime | undefined;
  readonly changed: TarTime | undefined;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes by their names. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** What extension headers say of the member that comes after them. */
export interface Extensions {
  readonly pax?: ReadonlyMap<string, Uint8Array>;
  /** Contents of GNU's headers for long names and link targets. */
  readonly longName?: Uint8Array;
  readonly longLink?: Uint8Array;
}

const TYPES: Readonly<Record<string, MemberType>> = {
  '0': 'reg',
  '\u0000': 'reg',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
};

/** One for the many members that have none. */
const NONE: ReadonlyMap<string, Uint8Array> = new Map();

const SPARSE = 'GNU.sparse.';
const XATTR = 'SCHILY.xattr.';

/** Offsets of what all formats share (POSIX ustar Interchange Format; GNU tar manual, tar.h). */
const CHECKSUM = 148;
const TYPE_FLAG = 156;

/** The character that tells the type of a header block. */
export function typeFlag(block: Uint8Array): string {
  return String.fromCharCode(block[TYPE_FLAG] ?? 0);
}

/** Bytes of contents that a header block announces, whatever its type. */
export function sizeField(block: Uint8Array): number {
  return numberField(block, 124, 12);
}

/** @throws OcipushError when the sum that a header block has of itself is wrong */
export function checkHeaderSum(block: Uint8Array): void {
  const expected = numberField(block, CHECKSUM, 8);
  // The field itself counts as spaces.
  let unsigned = 8 * 0x20;
  let negative = 0;
  for (let index = 0; index < block.length; index += 1) {
    if (index === CHECKSUM) index += 8;
    const byte = block[index] ?? 0;
    unsigned += byte;
    negative += byte >> 7;
  }
  // Old programs took bytes for signed.
  const isRight = expected === unsigned || expected === unsigned - 0x100 * negative;
  if (!isRight) throw chunkedObstacle('it is no tar archive');
}

/**
 * Reads a member's own header block with its extensions.
 * @throws OcipushError where zstd:chunked cannot carry the member, or its readers would differ
 */
export function parseMember(block: Uint8Array, extensions: Extensions): TarMember {
  const { pax = NONE, longName, longLink } = extensions;
  // An empty value leaves the field as it is.
  const text = (key: string): string | undefined => {
    const value = pax.get(key);
    if (value === undefined || value.length === 0) return undefined;
    if (value.includes(0)) throw chunkedObstacle('an extended header is invalid');
    return decodeText(value, `the ${key} of a member`);
  };
  const number = (key: string, start: number, length: number): number => {
    const value = text(key);
    return notNegative(value === undefined ? numberField(block, start, length) : paxNumber(value));
  };
  const time = (key: string): TarTime | undefined => {
    const value = text(key);
    return value === undefined ? undefined : paxTime(value);
  };
  if ([...pax.keys()].some((key) => key.startsWith(SPARSE))) throw chunkedObstacle('a sparse file');
  const ofFormat = formatFields(block);
  const name = longText(longName) ?? text('path') ?? withPrefix(ofFormat.prefix, block);
  const member = {
    type: typeOf(block, name),
    name,
    linkName:
      longText(longLink) ?? text('linkpath') ?? textField(block, 157, 100, 'the target of a link'),
    mode: notNegative(numberField(block, 100, 8)),
    size: number('size', 124, 12),
    uid: number('uid', 108, 8),
    gid: number('gid', 116, 8),
    modified: time('mtime') ?? seconds(numberField(block, 136, 12)),
    accessed: time('atime') ?? ofFormat.accessed,
    changed: time('ctime') ?? ofFormat.changed,
    deviceMajor: ofFormat.deviceMajor,
    deviceMinor: ofFormat.deviceMinor,
    xattrs: xattrsOf(pax),
  };
  checkMember(member);
  return member;
}

function checkMember({ type, name, size }: TarMember): void {
  if (name === '') throw chunkedObstacle('a member without a name');
  if (type === 'reg' && name.endsWith('/')) throw chunkedObstacle(`a file with the name ${name}`);
  if (type !== 'reg' && size > 0) throw chunkedObstacle(`${name} is no file, but has a size`);
}

function typeOf(block: Uint8Array, name: string): MemberType {
  const flag = typeFlag(block);
  // Before POSIX a directory was a file whose name ends so.
  if (flag === '\u0000' && name.endsWith('/')) return 'dir';
  const type = TYPES[flag];
  if (type === undefined) throw chunkedObstacle(`a member of type ${JSON.stringify(flag)}`);
  return type;
}

interface FormatFields {
  readonly prefix: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly accessed?: TarTime;
  readonly changed?: TarTime;
}

/** What stands behind the fields that all formats have. */
function formatFields(block: Uint8Array): FormatFields {
  const magic = Buffer.from(block.subarray(257, 265)).toString('latin1');
  const isUstar = magic.startsWith('ustar\u0000');
  const isGnu = magic === 'ustar  \u0000';
  if (!isUstar && !isGnu) return { prefix: '', deviceMajor: 0, deviceMinor: 0 };
  const deviceMajor = notNegative(numberField(block, 329, 8));
  const deviceMinor = notNegative(numberField(block, 337, 8));
  if (isGnu) {
    const gnuTime = (start: number): TarTime | undefined =>
      block[start] === 0 ? undefined : seconds(numberField(block, start, 12));
    const [accessed, changed] = [gnuTime(345), gnuTime(357)];
    return {
      prefix: '',
      deviceMajor,
      deviceMinor,
      ...(accessed && { accessed }),
      ...(changed && { changed }),
    };
  }
  const isStar = Buffer.from(block.subarray(508, 512)).toString('latin1') === 'tar\u0000';
  if (isStar) {
    const prefix = textField(block, 345, 131, 'the name of a member');
    const accessed = seconds(numberField(block, 476, 12));
    const changed = seconds(numberField(block, 488, 12));
    return { prefix, deviceMajor, deviceMinor, accessed, changed };
  }
  return { prefix: textField(block, 345, 155, 'the name of a member'), deviceMajor, deviceMinor };
}

function withPrefix(prefix: string, block: Uint8Array): string {
  const name = textField(block, 0, 100, 'the name of a member');
  return prefix === '' ? name : `${prefix}/${name}`;
}

function longText(contents: Uint8Array | undefined): string | undefined {
  if (contents === undefined) return undefined;
  const text = textField(contents, 0, contents.length, 'the name of a member');
  return text === '' ? undefined : text;
}

function xattrsOf(pax: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  if (pax.size === 0) return NONE;
  const found = [...pax].filter(([key, value]) => key.startsWith(XATTR) && value.length > 0);
  return new Map(found.map(([key, value]) => [key.slice(XATTR.length), value]));
}

function seconds(value: number): TarTime {
  return { seconds: value, nanoseconds: 0 };
}

function notNegative(value: number): number {
  if (value < 0) throw chunkedObstacle('a header has a number below 0');
  return value;
}
