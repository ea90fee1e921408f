/** Files that are there whole or not at all: temporary name, sync, rename. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAbsent } from './system-error.ts';

/**
 * Replaces the content of `path`, through a symbolic link where it is one. A pipe, a device, and
 * what is open already (`/dev/stdout`, `/dev/fd/3`) cannot be replaced: they are written to.
 * @throws the file system's error; `path` is then as it was
 */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const target = await resolveTarget(path);
  switch (target.kind) {
    case 'descriptor':
      return writeFileSync(target.descriptor, data);
    case 'stream':
      return writeTo(target.path, data);
    case 'file':
      return replace(target.path, data, mode);
  }
}

/**
 * Fails now if {@link writeFileAtomically} would fail later, and leaves no trace: a file is made
 * beside the target and removed again. A pipe is not opened, for that would wait for its reader.
 * @throws the file system's error
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await resolveTarget(path);
  if (target.kind === 'descriptor') return writeFileSync(target.descriptor, '');
  if (target.kind === 'stream') return;
  const temporary = temporaryName(target.path);
  await (await open(temporary, 'wx')).close();
  await unlink(temporary);
}

type Target =
  | { readonly kind: 'descriptor'; readonly descriptor: number }
  | { readonly kind: 'stream'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string };

/** Names of open files; opening them anew would write over what others have written there. */
const DESCRIPTOR = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/;
const STANDARD: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 };

async function resolveTarget(path: string): Promise<Target> {
  const descriptor = STANDARD[path] ?? DESCRIPTOR.exec(path)?.[1];
  if (descriptor !== undefined) return { kind: 'descriptor', descriptor: Number(descriptor) };
  try {
    const found = await stat(path);
    if (found.isFile()) return { kind: 'file', path: await realpath(path) };
    if (!found.isDirectory()) return { kind: 'stream', path };
  } catch (error) {
    if (isAbsent(error)) return { kind: 'file', path };
    throw error;
  }
  // Says EISDIR, which nothing but opening it says.
  await writeTo(path, '');
  return { kind: 'file', path };
}

async function writeTo(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  await file.writeFile(data).finally(() => file.close());
}

async function replace(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const temporary = temporaryName(path);
  const file = await open(temporary, 'wx', mode);
  try {
    // The umask does not apply: the mode is part of what is promised.
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close();
    await unlink(temporary);
    throw error;
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}
