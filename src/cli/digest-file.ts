/** `--digestfile`: where scripts find the digest of what was pushed. */
import { systemReason } from '../io/system-error.ts';
import { OcipushError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import { checkWritable, writeFileAtomically } from '../io/atomic-file.ts';
import { goQuote } from './escape.ts';

/**
 * Fails before the push where {@link writeDigestFile} would fail after it.
 * @throws OcipushError FILE_UNWRITABLE
 */
export async function checkDigestFile(path: string): Promise<void> {
  await checkWritable(path).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/**
 * Writes the digest alone, without a line end, as podman does.
 * @throws OcipushError FILE_UNWRITABLE
 */
export async function writeDigestFile(path: string, digest: Digest): Promise<void> {
  await writeFileAtomically(path, digest).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/** Says what the system said without the temporary name of which it spoke. */
function unwritable(path: string, error: unknown): OcipushError {
  const message = `writing digest file ${goQuote(path)}: ${systemReason(error)}`;
  return new OcipushError('FILE_UNWRITABLE', message, {
    origin: 'usage',
    hint: 'name a --digestfile in a directory that exists and that you may write to',
    cause: error,
  });
}
