/** What goes wrong with writing files, told as what the user can do about it. */
import { OcipushError, wrapError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { systemCode, systemReason } from '../io/system-error.ts';

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'check who may write there, and enter the directories above it',
  EPERM: 'check who may write there',
  EROFS: 'that file system is read-only: push to another place',
  ENOSPC: 'free some space on that disk, or push to another place',
  EDQUOT: 'free some space, for the quota on that disk is used up, or push to another place',
  EFBIG: 'that file system takes no file so large: push to another place',
  ENOENT: 'make the directory that is to hold it first',
  EISDIR: 'that is a directory: name a file, or a transport that writes into directories',
  ENOTDIR: 'there is a file where a directory is needed: push to another place',
  ELOOP: 'symbolic links lead in a circle there: push to another place',
  EPIPE: 'whoever was to read it has gone away',
};

/**
 * The error of `attempt`, which the file system refused. Errors that say more already keep their
 * code.
 */
export function unwritable(error: unknown, attempt: string): OcipushError {
  const code = systemCode(error);
  if (error instanceof OcipushError || typeof code !== 'string') {
    return wrapError(error, attempt, { code: 'FILE_UNWRITABLE', origin: 'destination' });
  }
  return new OcipushError('FILE_UNWRITABLE', `${attempt}: ${systemReason(error)}`, {
    origin: 'destination',
    hint: HINTS[code],
    cause: error,
  });
}

/**
 * Lets `write` take a stream, and tells its own errors, which are of the file system, from those
 * that the stream threw.
 * @throws OcipushError FILE_UNWRITABLE, or what the stream threw
 */
export async function writingFrom(
  stream: ByteStream,
  attempt: string,
  write: (stream: ByteStream) => Promise<void>,
): Promise<void> {
  let thrown: { readonly error: unknown } | undefined;
  async function* watched(): ByteStream {
    try {
      yield* stream;
    } catch (error) {
      thrown = { error };
      throw error;
    }
  }
  try {
    await write(watched());
  } catch (error) {
    throw thrown === undefined ? unwritable(error, attempt) : thrown.error;
  }
}
