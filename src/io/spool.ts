/** Keeps a stream in a file that has no name, so that it can be read at any place. */
import { randomBytes } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { wrapError } from '../errors.ts';
import type { ByteStream } from './bytes.ts';
import type { OpenFile } from './file-reader.ts';

/**
 * Writes all of a stream to an unnamed file in `directory`; closing the handle removes it.
 * @throws OcipushError FILE_UNWRITABLE, or what the stream threw
 */
export async function spool(stream: ByteStream, directory: string): Promise<OpenFile> {
  const path = join(directory, `ocipush-${randomBytes(8).toString('hex')}`);
  const failure = { code: 'FILE_UNWRITABLE' } as const;
  const handle = await open(path, 'wx+', 0o600).catch((error: unknown) => {
    throw wrapError(error, 'creating a temporary file', failure);
  });
  try {
    await unlink(path);
    let size = 0;
    for await (const chunk of stream) {
      for (let written = 0; written < chunk.length;) {
        written += (await handle.write(chunk, written)).bytesWritten;
      }
      size += chunk.length;
    }
    return { handle, size };
  } catch (error) {
    await handle.close();
    throw wrapError(error, `copying to a temporary file in ${directory}`, failure);
  }
}
