/** Files read in ranges, with a read always under way ahead of the consumer. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { OcipushError } from '../errors.ts';
import { collect, type ByteRange, type ByteStream } from './bytes.ts';

/**
 * Bytes a read asks for: large enough that a socket waits for each chunk to leave (which is what
 * makes reusing the buffers safe), small enough to keep many files open at once.
 */
const CHUNK = 256 * 1024;

/** An open regular file and its length in bytes. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly size: number;
}

/**
 * Opens a file for reading; follows symbolic links, never waits for a pipe's writer.
 * @throws OcipushError FILE_UNREADABLE when it is no regular file; the file system's error when it
 * cannot be opened
 */
export async function openRegularFile(path: string): Promise<OpenFile> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = await handle.stat();
  if (stat.isFile()) return { handle, size: stat.size };
  await handle.close();
  throw new OcipushError('FILE_UNREADABLE', `open ${path}: not a regular file`);
}

/**
 * The bytes of a range, in chunks whose buffers are used again once the next chunk is asked for.
 * @throws OcipushError FILE_UNREADABLE when the file ends before the range does
 */
export async function* readRange(handle: FileHandle, range: ByteRange): ByteStream {
  const length = Math.min(CHUNK, range.end - range.start);
  let [buffer, spare] = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)];
  let position = range.start;
  let ahead = readAt(handle, buffer, position, range.end);
  try {
    while (position < range.end) {
      const chunk = await ahead;
      position += chunk.length;
      [buffer, spare] = [spare, buffer];
      ahead = readAt(handle, buffer, position, range.end);
      yield chunk;
    }
  } finally {
    // The handle may be closed right after: no read may still be under way then.
    await ahead.catch(() => undefined);
  }
}

async function readAt(
  handle: FileHandle,
  buffer: Buffer,
  position: number,
  end: number,
): Promise<Uint8Array> {
  const wanted = Math.min(buffer.length, end - position);
  if (wanted <= 0) return buffer.subarray(0, 0);
  const { bytesRead } = await handle.read(buffer, 0, wanted, position);
  if (bytesRead === 0) throw new OcipushError('FILE_UNREADABLE', 'unexpected EOF');
  return buffer.subarray(0, bytesRead);
}

/** The bytes of a regular file, or of a range of it; the file is open while they are taken. */
export async function* readFileStream(path: string, range?: ByteRange): ByteStream {
  const { handle, size } = await openRegularFile(path);
  try {
    yield* readRange(handle, range ?? { start: 0, end: size });
  } finally {
    await handle.close();
  }
}

/**
 * All of a regular file that must be small. `what` names it in the message.
 * @throws OcipushError LIMIT_EXCEEDED when it has more than `limit` bytes
 */
export async function readSmallFile(
  path: string,
  limit: number,
  what: string = path,
): Promise<Uint8Array> {
  return collect(readFileStream(path), limit, what);
}
