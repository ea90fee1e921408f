/** Finds the members of a tar file without reading their contents. */
import { extract, type Header } from 'tar-stream';
import { OcipushError, wrapError } from '../errors.ts';
import type { OpenFile } from './file-reader.ts';

const BLOCK = 512;
/** Bytes read at a time while headers are looked for. */
const WINDOW = 16 * 1024;
/** More members than any image archive has; bounds the memory of the index. */
const MAX_MEMBERS = 100_000;

/** A member of a tar file: where its contents stand in the file, or what it links to. */
export interface TarMember {
  /** Relative and clean: no leading `/` or `./`, no `..`. */
  readonly name: string;
  readonly kind: 'file' | 'symlink' | 'hard-link' | 'other';
  readonly offset: number;
  readonly size: number;
  /** As written in the archive, for links. */
  readonly target: string;
}

/**
 * All members in order. Header are parsed by tar-stream, one after the other; the bytes between
 * them are skipped.
 * @throws OcipushError ARCHIVE_INVALID when it is no whole tar file
 */
export async function indexTar(file: OpenFile): Promise<readonly TarMember[]> {
  const members: TarMember[] = [];
  const blocks = blockReader(file);
  let position = 0;
  for (;;) {
    const found = await readHeader(blocks, position);
    if (found === undefined) return members;
    const { header, offset } = found;
    const { size } = header;
    position = offset + Math.ceil(size / BLOCK) * BLOCK;
    if (!Number.isSafeInteger(position) || offset + size > file.size) throw truncated();
    members.push(toMember(header, offset));
    if (members.length > MAX_MEMBERS) {
      throw new OcipushError('LIMIT_EXCEEDED', `more than ${MAX_MEMBERS} members in the archive`);
    }
  }
}

type BlockReader = (position: number) => Promise<Uint8Array | undefined>;

/** Reads one block at a time through a window, so that runs of small members cost few reads. */
function blockReader({ handle, size }: OpenFile): BlockReader {
  const window = Buffer.alloc(WINDOW);
  let start = 0;
  let filled = 0;
  return async (position) => {
    if (position === size) return undefined;
    if (position + BLOCK > size) throw truncated();
    if (position < start || position + BLOCK > start + filled) {
      start = position;
      filled = (await handle.read(window, 0, WINDOW, position)).bytesRead;
      if (filled < BLOCK) throw truncated();
    }
    return window.subarray(position - start, position - start + BLOCK);
  };
}

/**
 * The header at `position` with what extension blocks before it say, and where the contents begin.
 * Undefined at the end of the archive: a zero block, or the end of the file.
 */
async function readHeader(
  blocks: BlockReader,
  position: number,
): Promise<{ header: Header; offset: number } | undefined> {
  // One parser for each member, for it would wait for the contents; it drains after every block.
  const parser = extract({ highWaterMark: 1 });
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
      const block = await blocks(offset);
      if (offset === position && (block === undefined || isZero(block))) return undefined;
      if (block === undefined) throw truncated();
      const taken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      parser.write(Buffer.from(block));
      await taken;
      if (failure) throw wrapError(failure, 'archive/tar', { code: 'ARCHIVE_INVALID' });
      if (header) return { header, offset: offset + BLOCK };
    }
  } finally {
    parser.destroy();
  }
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

function toMember(header: Header, offset: number): TarMember {
  return {
    name: cleanMemberName(header.name),
    kind: kindOf(header),
    offset,
    size: header.size,
    // The type is wrong: tar-stream says null of all but links.
    target: header.linkname ?? '',
  };
}

/** Sparse files are no plain run of bytes: they count as `other`, which nobody may read. */
function kindOf(header: Header): TarMember['kind'] {
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      return Object.keys(header.pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))
        ? 'other'
        : 'file';
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

function truncated(): OcipushError {
  return new OcipushError('ARCHIVE_INVALID', 'archive/tar: unexpected EOF');
}
