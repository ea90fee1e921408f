/** Reads one header of a tar file, with the extension blocks that belong to it. */
import { extract, type Header } from 'tar-stream';
import { OcipushError } from '../errors.ts';

/** Bytes of a block: all of a tar file is cut into such. */
export const BLOCK = 512;

/** A member of a tar file: where its contents stand in the file, or what it links to. */
export interface TarMember {
  /** Relative and clean: no leading `/` or `./`, no `..`. */
  readonly name: string;
  /** Only a `file` is a plain run of bytes. */
  readonly kind: 'file' | 'symlink' | 'hard-link' | 'sparse' | 'other';
  readonly offset: number;
  readonly size: number;
  /** As written in the archive, for links. */
  readonly target: string;
}

/** The block that begins at a position; undefined at the end of the file. */
export type BlockReader = (position: number) => Promise<Uint8Array | undefined>;

/** Places of bytes in a header block (GNU tar manual, Basic Tar Format), and what stands there. */
const TYPE_FLAG = 156;
const GNU_SPARSE = 'S'.charCodeAt(0);
const GNU_SPARSE_EXTENDED = 482;
const GNU_SPARSE_CONTINUED = 504;

/** The prefix of PAX records about sparse files, of all their versions. */
const PAX_SPARSE = 'GNU.sparse.';

/** A header of these may state a size, but no contents follow it. */
const WITHOUT_CONTENTS: readonly unknown[] = [
  'link',
  'symlink',
  'character-device',
  'block-device',
  'directory',
  'fifo',
];

/** `highWaterMark`: it asks for more after every block. Headers of before POSIX name no format. */
const PARSER_OPTIONS = { highWaterMark: 1, allowUnknownFormat: true };

/**
 * The member whose header begins at `position`. Undefined at the end of the archive: a zero block,
 * or the end of the file.
 * @throws OcipushError ARCHIVE_INVALID
 */
export async function readMember(
  blocks: BlockReader,
  position: number,
): Promise<TarMember | undefined> {
  const first = await blocks(position);
  if (first === undefined || first.every((byte) => byte === 0)) return undefined;
  const { header, offset } = await parseHeader(blocks, position);
  const block = await someBlock(blocks, offset);
  const isGnuSparse = block[TYPE_FLAG] === GNU_SPARSE;
  const pax = (header.pax ?? {}) as Readonly<Record<string, string>>;
  const size = WITHOUT_CONTENTS.includes(header.type) ? 0 : header.size;
  // tar-stream says null of a size that is too large for it, and -0 of -1.
  if (!Number.isSafeInteger(size) || Object.is(size, -0)) {
    throw invalidArchive('invalid tar header');
  }
  return {
    name: cleanMemberName(pax[`${PAX_SPARSE}name`] ?? header.name),
    kind: isGnuSparse || isPaxSparse(pax) ? 'sparse' : kindOf(header),
    offset: isGnuSparse ? await sparseContents(blocks, offset) : offset + BLOCK,
    size,
    // And null where there is no link.
    target: header.linkname ?? '',
  };
}

/** The header at `position` or after the extension blocks there, and where its own block is. */
async function parseHeader(
  blocks: BlockReader,
  position: number,
): Promise<{ header: Header; offset: number }> {
  // One parser for each member, for it would wait for the contents.
  const parser = extract(PARSER_OPTIONS);
  let header: Header | undefined;
  let failure: unknown;
  let wake: () => void = () => undefined;
  parser.on('entry', (entry) => {
    header = entry;
    wake();
  });
  parser.on('error', (error) => {
    failure = error;
    wake();
  });
  parser.on('drain', () => wake());
  try {
    for (let offset = position; ; offset += BLOCK) {
      const block = await someBlock(blocks, offset);
      const taken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      parser.write(Buffer.from(block));
      await taken;
      if (failure) throw invalidArchive('invalid tar header', failure);
      if (header) return { header, offset };
    }
  } finally {
    parser.destroy();
  }
}

/** Where the contents of an old GNU sparse file begin: each of its headers says if one follows. */
async function sparseContents(blocks: BlockReader, header: number): Promise<number> {
  let offset = header;
  let flag = GNU_SPARSE_EXTENDED;
  while ((await someBlock(blocks, offset))[flag] !== 0) {
    offset += BLOCK;
    flag = GNU_SPARSE_CONTINUED;
  }
  return offset + BLOCK;
}

async function someBlock(blocks: BlockReader, position: number): Promise<Uint8Array> {
  const block = await blocks(position);
  if (block === undefined) throw invalidArchive('unexpected EOF');
  return block;
}

function isPaxSparse(pax: object): boolean {
  return Object.keys(pax).some((key) => key.startsWith(PAX_SPARSE));
}

function kindOf(header: Header): TarMember['kind'] {
  switch (header.type as Header['type'] | null) {
    case 'file':
    case 'contiguous-file':
      return 'file';
    case 'symlink':
      return 'symlink';
    case 'link':
      return 'hard-link';
    default:
      return 'other';
  }
}

/** A member's name as a path below the root of the archive, however it was written. */
export function cleanMemberName(name: string): string {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** The error of what is no tar file, or not a whole one. */
export function invalidArchive(problem: string, cause?: unknown): OcipushError {
  return new OcipushError('ARCHIVE_INVALID', `archive/tar: ${problem}`, {
    hint: 'it is no tar archive, or it is damaged: copy or save it again',
    cause,
  });
}
