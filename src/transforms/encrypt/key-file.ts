/** Reads the files that public keys and certificates stand in. */
import { OcipushError, withDetails, wrapError } from '../../errors.ts';
import { MIB } from '../../io/bytes.ts';
import { readSmallFile } from '../../io/file-reader.ts';

/** Bytes of a key file; a keyring may be large, a key is not. */
const LIMIT = MIB;

const NAME_KEY = 'name the file that holds the public key of the recipient';

/**
 * All of a small file.
 * @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, LIMIT_EXCEEDED; KEY_INVALID when it is empty
 */
export async function readKeyFile(path: string): Promise<Uint8Array> {
  const bytes = await readSmallFile(path, LIMIT).catch((error: unknown) => {
    const fallback = { code: 'FILE_UNREADABLE', origin: 'usage' } as const;
    const unread = wrapError(error, 'Unable to read file', fallback);
    throw withDetails(unread, { hint: unread.hint ?? NAME_KEY });
  });
  if (bytes.length > 0) return bytes;
  throw keyError(`${path} is empty`, NAME_KEY);
}

/** The DER bytes of the first block of a PEM text, whatever its label; undefined without one. */
export function firstPemBlock(bytes: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  const [, body] = /-----BEGIN [^-\n]*-----([^-]*)-----END /.exec(text) ?? [];
  if (body === undefined) return undefined;
  // Lines such as `Proc-Type: 4,ENCRYPTED` may stand before the base64.
  return Buffer.from(body.replaceAll(/^.*:.*$/gm, ''), 'base64');
}

/** The error of a key that nothing can be encrypted with. */
export function keyError(message: string, hint: string, cause?: unknown): OcipushError {
  return new OcipushError('KEY_INVALID', message, { origin: 'usage', hint, cause });
}
