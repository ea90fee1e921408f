/** Writes the table of contents of a zstd:chunked layer (storage/pkg/chunked/internal/minimal). */
import type { Digest } from '../../image/digest.ts';
import { encodeJsonText, encodeString } from '../../image/json-encoder.ts';
import { chunkedObstacle } from './obstacle.ts';
import type { TarTime } from './tar-fields.ts';
import type { TarMember } from './tar-member.ts';

/** A part of a file, which has a frame of its own. */
export interface FileChunk {
  readonly kind: 'data' | 'hole';
  /** Where it begins in the file. */
  readonly position: number;
  readonly size: number;
  /** Where its frame stands in the blob. */
  readonly start: number;
  readonly end: number;
  /** Of its bytes; needed where a file has several. */
  readonly digest: Digest | undefined;
}

/** A member, and what became of its contents; without any there are no chunks. */
export interface WrittenMember {
  readonly member: TarMember;
  readonly digest: Digest | undefined;
  readonly chunks: readonly FileChunk[];
}

/** What stands before the entries, and after them with the digest of the compressed tar-split. */
export const TOC_START = '{"version":1,"entries":';
export const tocEnd = (tarSplitDigest: Digest): string => `,"tarSplitDigest":"${tarSplitDigest}"}`;

/**
 * The entries of a member: its own, and one for each further chunk of a file that has several. The
 * order of the fields is the reference's; what is 0 or empty is left out.
 */
export function tocEntries({ member, digest, chunks }: WrittenMember): readonly string[] {
  const [first, ...others] = chunks;
  const name = encodeString(member.name);
  const entry =
    `{"type":"${member.type}","name":${name}` +
    field('linkName', member.linkName && encodeString(member.linkName)) +
    field('mode', member.mode) +
    field('size', member.size) +
    field('uid', member.uid) +
    field('gid', member.gid) +
    field('modtime', quotedTime(member.modified)) +
    field('accesstime', member.accessed && quotedTime(member.accessed)) +
    field('changetime', member.changed && quotedTime(member.changed)) +
    field('devMajor', member.deviceMajor) +
    field('devMinor', member.deviceMinor) +
    field('xattrs', encodeXattrs(member.xattrs)) +
    field('digest', digest && `"${digest}"`) +
    // The first frame of a layer is one of headers, so that this is never 0.
    field('offset', first?.start) +
    field('endOffset', chunks.at(-1)?.end);
  if (first === undefined || others.length === 0) return [`${entry}}`];
  const rest = others.map(
    (chunk) => `{"type":"chunk","name":${name},"offset":${chunk.start}${chunkFields(chunk)}}`,
  );
  return [`${entry}${chunkFields(first)}}`, ...rest];
}

function chunkFields({ kind, position, size, digest }: FileChunk): string {
  return (
    field('chunkSize', size) +
    field('chunkOffset', position) +
    field('chunkDigest', digest && `"${digest}"`) +
    (kind === 'hole' ? ',"chunkType":"zeros"' : '')
  );
}

/** Nothing without a value. By hand, for there are many: an encoder looks at every character. */
function field(name: string, value: string | number | undefined): string {
  return value ? `,"${name}":${value}` : '';
}

function encodeXattrs(xattrs: ReadonlyMap<string, Uint8Array>): string | undefined {
  if (xattrs.size === 0) return undefined;
  const values = [...xattrs].map(
    ([name, value]) => [name, Buffer.from(value).toString('base64')] as const,
  );
  return encodeJsonText(new Map(values));
}

function quotedTime(time: TarTime): string {
  return `"${formatTime(time)}"`;
}

/** RFC 3339 in UTC, with as many digits of the fraction as there are. */
function formatTime({ seconds, nanoseconds }: TarTime): string {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw chunkedObstacle(`a member of ${seconds} s`);
  const fraction = nanoseconds === 0 ? '' : String(nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return `${date.toISOString().slice(0, -5)}${fraction === '' ? '' : '.'}${fraction}Z`;
}
