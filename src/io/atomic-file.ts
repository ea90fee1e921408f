/** Files that are there whole or not at all: temporary name, sync, rename. */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces the content of `path`, through a symbolic link where it is one. What is there and no
 * regular file (a pipe, `/dev/stdout`) is written to directly, for it cannot be replaced.
 * @throws the file system's error; `path` is then as it was
 */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const target = await existing(path);
  if (target.kind === 'special') {
    const file = await open(path, 'w');
    await file.writeFile(data).finally(() => file.close());
    return;
  }
  const temporary = temporaryName(target.path);
  const file = await open(temporary, 'wx', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
    await file.close();
    await rename(temporary, target.path);
  } catch (error) {
    await file.close();
    await unlink(temporary);
    throw error;
  }
}

/**
 * Fails now if {@link writeFileAtomically} would fail later, and leaves no trace: a file is made
 * beside the target and removed again.
 * @throws the file system's error
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await existing(path);
  if (target.kind === 'special') {
    // Opening a pipe would wait for its reader, and writing is the only proof; a directory fails.
    if ((await stat(path)).isDirectory()) await open(path, 'w');
    return;
  }
  const temporary = temporaryName(target.path);
  await (await open(temporary, 'wx')).close();
  await unlink(temporary);
}

async function existing(path: string): Promise<{ kind: 'file' | 'special'; path: string }> {
  try {
    const target = await realpath(path);
    return { kind: (await stat(target)).isFile() ? 'file' : 'special', path: target };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'file', path };
    throw error;
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}
