/** Keeps a stream in a file that has no name, so that it can be read at any place. */
import { randomBytes } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { OcipushError } from '../errors.ts';
import type { ByteStream } from './bytes.ts';
import { disposeOnFailure } from './disposal.ts';
import type { OpenFile } from './file-reader.ts';
import { writeAll } from './file-writer.ts';
import { systemReason } from './system-error.ts';

/**
 * Writes all of a stream to an unnamed file in `directory`; closing the handle removes it.
 * @throws OcipushError FILE_UNWRITABLE, or what the stream threw
 */
export async function spool(stream: ByteStream, directory: string): Promise<OpenFile> {
  const failed = (error: unknown): never => {
    throw new OcipushError(
      'FILE_UNWRITABLE',
      `writing a temporary file in ${directory}: ${systemReason(error)}`,
      { origin: 'config', hint: 'set TMPDIR to a directory with enough room', cause: error },
    );
  };
  const handle = await createUnnamed(directory).catch(failed);
  return disposeOnFailure(handle, async () => {
    let size = 0;
    for await (const chunk of stream) {
      await writeAll(handle, chunk).catch(failed);
      size += chunk.length;
    }
    return { handle, size };
  });
}

async function createUnnamed(directory: string): Promise<FileHandle> {
  const path = join(directory, `ocipush-${randomBytes(8).toString('hex')}`);
  const handle = await open(path, 'wx+', 0o600);
  return disposeOnFailure(handle, async () => {
    await unlink(path);
    return handle;
  });
}
