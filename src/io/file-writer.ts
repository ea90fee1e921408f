/** Writes streams to files. */
import { open, unlink, type FileHandle } from 'node:fs/promises';
import type { ByteStream } from './bytes.ts';

export interface NewFileOptions {
  /** Permissions, whatever the umask says; 0644 unless told. */
  readonly mode?: number | undefined;
  /** Whether the bytes must survive a loss of power once written; true unless told. */
  readonly durable?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes all of a stream to a file that must not be there yet.
 * @throws the file system's error, what the stream threw, or the signal's reason; there is no file
 */
export async function writeNewFile(
  path: string,
  stream: ByteStream,
  { mode = 0o644, durable = true, signal }: NewFileOptions = {},
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.chmod(mode);
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      await writeAll(file, chunk);
    }
    if (durable) await file.sync();
    await file.close();
  } catch (error) {
    await file.close();
    // The error that led here says more than one about the clean-up.
    await unlink(path).catch(() => undefined);
    throw error;
  }
}

/** Writes all bytes where the last write ended. @throws the file system's error */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await file.write(bytes, written)).bytesWritten;
  }
}
