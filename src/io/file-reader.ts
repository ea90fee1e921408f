/** Files read in ranges, with a read always under way ahead of the consumer. */
import { constants, type Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { OcipushError } from '../errors.ts';
import { clampRange, collect, type ByteRange, type ByteStream } from './bytes.ts';
import { disposeOnFailure } from './disposal.ts';
import { isAbsent, systemCode, systemReason } from './system-error.ts';

/**
 * Bytes a read asks for: large enough that a socket waits for each chunk to leave (which is what
 * makes reusing the buffers safe), small enough to keep many files open at once.
 */
const CHUNK = 512 * 1024;

/** The same for files of which nearly all have less. */
const SMALL_CHUNK = 64 * 1024;

/** An open regular file and its length in bytes. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly size: number;
}

/**
 * Opens a file for reading; follows symbolic links, never waits for a pipe's writer.
 * @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function openRegularFile(path: string): Promise<OpenFile> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch((error: unknown) => {
    throw fileError(`open ${path}`, error);
  });
  return disposeOnFailure(handle, async () => {
    const found = await handle.stat();
    if (found.isFile()) return { handle, size: found.size };
    const kind = found.isDirectory() ? 'is a directory' : 'not a regular file';
    throw new OcipushError('FILE_UNREADABLE', `open ${path}: ${kind}`);
  });
}

/**
 * What is at a path, through symbolic links; undefined when there is nothing.
 * @throws OcipushError FILE_UNREADABLE
 */
export async function statPath(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw fileError(`stat ${path}`, error);
  });
}

function fileError(attempt: string, error: unknown): OcipushError {
  const code = isAbsent(error) ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
  const isDenied = systemCode(error) === 'EACCES';
  return new OcipushError(code, `${attempt}: ${systemReason(error)}`, {
    hint: isDenied ? 'check who may read it, and enter the directories above it' : undefined,
    cause: error,
  });
}

/**
 * The bytes of a range, in chunks whose buffers are used again once the next chunk is asked for.
 * @throws OcipushError FILE_UNREADABLE when the file ends before the range does
 */
export async function* readRange(handle: FileHandle, range: ByteRange): ByteStream {
  const length = Math.min(CHUNK, range.end - range.start);
  let [buffer, spare] = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)];
  let position = range.start;
  let ahead = beginRead(handle, buffer, position, range.end);
  try {
    while (position < range.end) {
      const chunk = await ahead;
      position += chunk.length;
      [buffer, spare] = [spare, buffer];
      ahead = beginRead(handle, buffer, position, range.end);
      yield chunk;
    }
  } finally {
    // The handle may be closed right after: no read may still be under way then.
    await ahead.catch(() => undefined);
  }
}

/** A read that may fail while nobody waits for it yet, which Node would take for a fatal error. */
function beginRead(...args: Parameters<typeof readAt>): Promise<Uint8Array> {
  const reading = readAt(...args);
  reading.catch(() => undefined);
  return reading;
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

/**
 * The bytes of a regular file, or those of a range that it has; open while they are taken.
 * @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function* readFileStream(path: string, range?: ByteRange): ByteStream {
  const { handle, size } = await openRegularFile(path);
  try {
    yield* readRange(handle, clampRange(range, size));
  } finally {
    await handle.close();
  }
}

/**
 * All of a regular file that must be small. `what` names it in the message.
 * @throws OcipushError LIMIT_EXCEEDED when it has more than `limit` bytes, FILE_NOT_FOUND,
 * FILE_UNREADABLE
 */
export async function readSmallFile(
  path: string,
  limit: number,
  what: string = path,
): Promise<Uint8Array> {
  return collect(readFileStream(path), limit, what);
}

/**
 * All of a small file of whatever kind, a pipe too. `what` names it in the message.
 * @throws OcipushError LIMIT_EXCEEDED when it has more than `limit` bytes; the file system's error
 */
export async function readToEnd(
  path: string,
  limit: number,
  what: string = path,
): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    return await collect(readOn(handle), limit, what);
  } finally {
    await handle.close();
  }
}

/** In chunks whose buffer is used again once the next one is asked for. */
async function* readOn(handle: FileHandle): ByteStream {
  const buffer = Buffer.allocUnsafeSlow(SMALL_CHUNK);
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
