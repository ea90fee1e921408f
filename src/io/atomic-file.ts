/** Files that are there whole or not at all: temporary name, sync, rename. */
import { writeSync } from 'node:fs';
import { open, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { single, type ByteStream } from './bytes.ts';
import { writeNewFile, type NewFileOptions } from './file-writer.ts';
import { writeToDescriptor, writeToDevice } from './sink.ts';
import { isAbsent } from './system-error.ts';
import { temporaryPath } from './temporary-file.ts';

/**
 * Replaces the content of `path`, through a symbolic link where it is one. A pipe, a device, and
 * what is open already (`/dev/stdout`, `/dev/fd/3`) cannot be replaced: they are written to.
 * @throws the file system's error; `path` is then as it was
 */
export function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  return writeStreamAtomically(path, single(Buffer.from(data)), { mode });
}

/**
 * The same for what is produced while it is written.
 * @throws the file system's error, what the stream threw, or the signal's reason
 */
export async function writeStreamAtomically(
  path: string,
  stream: ByteStream,
  options: NewFileOptions = {},
): Promise<void> {
  const target = await resolveTarget(path);
  switch (target.kind) {
    case 'descriptor':
      return writeToDescriptor(target.descriptor, stream, options.signal);
    case 'stream':
      return writeToDevice(target.path, stream, options.signal);
    case 'file':
      return replace(target.path, stream, options);
  }
}

/** The regular file that a path means or will mean; undefined for what is only written to. */
export async function replaceableFile(path: string): Promise<string | undefined> {
  const target = await resolveTarget(path);
  return target.kind === 'file' ? target.path : undefined;
}

/**
 * Fails now if {@link writeFileAtomically} would fail later, and leaves no trace: a file is made
 * beside the target and removed again. A pipe is not opened, for that would wait for its reader.
 * @throws the file system's error
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await resolveTarget(path);
  if (target.kind === 'descriptor') {
    writeSync(target.descriptor, '');
    return;
  }
  if (target.kind === 'stream') return;
  const temporary = await temporaryName(target.path);
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
    if (!isAbsent(error)) throw error;
    // A link to what is not there yet is followed, too.
    const link = await readlink(path).catch(() => undefined);
    return link === undefined
      ? { kind: 'file', path }
      : resolveTarget(resolve(dirname(path), link));
  }
  // Says EISDIR, which nothing but opening it says.
  await (await open(path, 'w')).close();
  return { kind: 'file', path };
}

async function replace(path: string, stream: ByteStream, options: NewFileOptions): Promise<void> {
  const temporary = await temporaryName(path);
  await writeNewFile(temporary, stream, options);
  try {
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
}

function temporaryName(path: string): Promise<string> {
  return temporaryPath(dirname(path), `.${basename(path)}`);
}
