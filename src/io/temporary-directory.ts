/** A directory for what is not finished, gone as soon as nobody needs it. */
import { mkdir, rm } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import { removeAbandoned, temporaryPath } from './temporary-file.ts';

/** Disposing of it removes it with all that is in it. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Programs that were killed a moment ago may still be writing into what is removed. */
const REMOVAL_RETRIES = 5;

/**
 * Makes a directory of the user's alone, and removes what ended processes have left under the same
 * stem; `warn` is told when that cannot be done.
 * @throws the file system's error
 */
export async function makeTemporaryDirectory(
  place: string,
  stem: string,
  warn: (message: string) => void,
): Promise<TemporaryDirectory> {
  await removeAbandoned(place, stem).catch((error: unknown) => {
    warn(`removing what an earlier push left in ${place}: ${messageOf(error)}`);
  });
  const path = await temporaryPath(place, stem);
  await mkdir(path, 0o700);
  return {
    path,
    [Symbol.asyncDispose]: () =>
      rm(path, { recursive: true, force: true, maxRetries: REMOVAL_RETRIES }),
  };
}
