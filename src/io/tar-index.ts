/** Finds the members of a tar file without reading their contents. */
import { OcipushError } from '../errors.ts';
import type { OpenFile } from './file-reader.ts';
import {
  BLOCK,
  invalidArchive,
  readMember,
  type BlockReader,
  type TarMember,
} from './tar-header.ts';

/** Bytes read at a time while headers are looked for. */
const WINDOW = 16 * 1024;
/** More members than any image archive has; bounds the memory of the index. */
const MAX_MEMBERS = 100_000;

/**
 * All members in order; the bytes between the headers are skipped.
 * @throws OcipushError ARCHIVE_INVALID when it is no whole tar file, LIMIT_EXCEEDED
 */
export async function indexTar(file: OpenFile): Promise<readonly TarMember[]> {
  const members: TarMember[] = [];
  const blocks = blockReader(file);
  let position = 0;
  for (;;) {
    const member = await readMember(blocks, position);
    if (member === undefined) return members;
    const end = member.offset + member.size;
    if (end > file.size) throw invalidArchive('unexpected EOF');
    if (members.length === MAX_MEMBERS) throw tooMany();
    members.push(member);
    position = Math.ceil(end / BLOCK) * BLOCK;
  }
}

/** Reads one block at a time through a window, so that runs of small members cost few reads. */
function blockReader({ handle, size }: OpenFile): BlockReader {
  const window = Buffer.alloc(WINDOW);
  let start = 0;
  let filled = 0;
  return async (position) => {
    if (position === size) return undefined;
    if (position < start || position + BLOCK > start + filled) {
      start = position;
      filled = (await handle.read(window, 0, WINDOW, position)).bytesRead;
      if (filled < BLOCK) throw invalidArchive('unexpected EOF');
    }
    return window.subarray(position - start, position - start + BLOCK);
  };
}

function tooMany(): OcipushError {
  return new OcipushError(
    'LIMIT_EXCEEDED',
    `archive/tar: more than ${MAX_MEMBERS} members in the archive`,
    { hint: 'an archive of an image has a few members for each layer: is this one of files?' },
  );
}
