/** What goes wrong with the files of an image, told as what it means for the image. */
import { OcipushError, wrapError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { ByteStream } from '../io/bytes.ts';

/** What the user can do about an image that is not what it should be. */
export const DAMAGED_HINT = 'the image is damaged or incomplete: copy or build it again';

/**
 * The result of reading the file without which there is no image; `hint` says what the user should
 * have named.
 * @throws OcipushError SOURCE_NOT_FOUND when there is no such file, or as `read` does
 */
export async function readEntrance<T>(read: () => Promise<T>, hint: string): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const { message, cause } = error;
    throw new OcipushError('SOURCE_NOT_FOUND', message, { origin: 'source', hint, cause });
  }
}

/**
 * The bytes of a blob; whatever goes wrong with them names it.
 * @throws OcipushError BLOB_UNKNOWN when there is no file for it, or as the stream does
 */
export async function* namedBlob(digest: Digest, open: () => ByteStream): ByteStream {
  try {
    yield* open();
  } catch (error) {
    throw partError(error, `reading blob ${digest}`);
  }
}

/** The error of a part of the image: one that is not there leaves the image incomplete. */
export function partError(error: unknown, attempt: string): OcipushError {
  const wrapped = wrapError(error, attempt, { code: 'FILE_UNREADABLE', origin: 'source' });
  if (wrapped.code !== 'FILE_NOT_FOUND') return wrapped;
  const { message, cause } = wrapped;
  return new OcipushError('BLOB_UNKNOWN', message, {
    origin: 'source',
    hint: DAMAGED_HINT,
    cause,
  });
}

function isNotFound(error: unknown): error is OcipushError {
  return error instanceof OcipushError && error.code === 'FILE_NOT_FOUND';
}
