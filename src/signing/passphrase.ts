/** Passphrases of keys: asked for when a key needs one, and not before. */
import { createReadStream } from 'node:fs';
import { OcipushError } from '../errors.ts';
import { collect } from '../io/bytes.ts';
import { isAbsent, systemReason } from '../io/system-error.ts';

/** Called only for keys that have a passphrase; an empty one is one, too. */
export type AskPassphrase = (signal: AbortSignal) => Promise<Uint8Array>;

/** Bytes of a file, of which only the first line counts. */
const FILE_LIMIT = 64 * 1024;

const LINE_FEED = 0x0a;

/**
 * The first line of a file, without its end and as it is: a carriage return or blanks belong to it.
 * The file is read once, for it may be a pipe.
 */
export function passphraseInFile(path: string): AskPassphrase {
  let reading: Promise<Uint8Array> | undefined;
  return (signal) => (reading ??= readFirstLine(path, signal));
}

/** @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, LIMIT_EXCEEDED */
async function readFirstLine(path: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const bytes = await collect(createReadStream(path, { signal }), FILE_LIMIT, path);
    const end = bytes.indexOf(LINE_FEED);
    return end < 0 ? bytes : bytes.subarray(0, end);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OcipushError) throw error;
    const code = isAbsent(error) ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
    const message = `reading the passphrase: open ${path}: ${systemReason(error)}`;
    const hint = 'name a file with the passphrase in its first line: --sign-passphrase-file';
    throw new OcipushError(code, message, { origin: 'config', hint, cause: error });
  }
}
