/** The error of compressed data that is not what it should be. */
import { messageOf, OcipushError } from '../errors.ts';

/** @param format names the compression in the message, as its program is called */
export function damaged(format: string, reason: unknown): OcipushError {
  return new OcipushError('ARCHIVE_INVALID', `${format}: ${messageOf(reason)}`, {
    origin: 'source',
    hint: 'the compressed data is damaged or cut short: copy or save it again',
    cause: reason,
  });
}

/** The error of data that takes more memory to read than is granted to it. */
export function tooDemanding(format: string, limit: string, cause: unknown): OcipushError {
  return new OcipushError('LIMIT_EXCEEDED', `${format}: needs a window of more than ${limit}`, {
    origin: 'source',
    hint: 'compress it again, with a smaller window',
    cause,
  });
}
