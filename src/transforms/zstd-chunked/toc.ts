/** Writes the table of contents of a zstd:chunked layer (storage/pkg/chunked/internal/minimal). */
import type { Digest } from '../../image/digest.ts';
import { encodeJsonText, type Json } from '../../image/json-encoder.ts';
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

/** The entries of a member: its own, and one for each further chunk of a file that has several. */
export function tocEntries({ member, digest, chunks }: WrittenMember): readonly string[] {
  const [first, ...others] = chunks;
  const entry = {
    type: member.type,
    name: member.name,
    linkName: member.linkName || undefined,
    mode: member.mode || undefined,
    size: member.size || undefined,
    uid: member.uid || undefined,
    gid: member.gid || undefined,
    modtime: formatTime(member.modified),
    accesstime: member.accessed && formatTime(member.accessed),
    changetime: member.changed && formatTime(member.changed),
    devMajor: member.deviceMajor || undefined,
    devMinor: member.deviceMinor || undefined,
    xattrs: formatXattrs(member.xattrs),
    digest,
    offset: first?.start,
    endOffset: chunks.at(-1)?.end,
    ...(first && others.length > 0 && chunkFields(first)),
  };
  const rest = others.map((chunk) => ({
    type: 'chunk',
    name: member.name,
    offset: chunk.start,
    ...chunkFields(chunk),
  }));
  return [entry, ...rest].map(encodeJsonText);
}

function chunkFields({
  kind,
  position,
  size,
  digest,
}: FileChunk): Record<string, Json | undefined> {
  return {
    chunkSize: size,
    chunkOffset: position || undefined,
    chunkDigest: digest,
    chunkType: kind === 'hole' ? 'zeros' : undefined,
  };
}

function formatXattrs(xattrs: ReadonlyMap<string, Uint8Array>): Json | undefined {
  if (xattrs.size === 0) return undefined;
  return new Map(
    [...xattrs].map(([name, value]) => [name, Buffer.from(value).toString('base64')] as const),
  );
}

/** RFC 3339 in UTC, with as many digits of the fraction as there are. */
export function formatTime({ seconds, nanoseconds }: TarTime): string {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw chunkedObstacle(`a member of ${seconds} s`);
  const fraction = String(nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return date.toISOString().replace(/\.000Z$/, fraction === '' ? 'Z' : `.${fraction}Z`);
}
