/** Opens the files of a layer by the names its tar had for them; nothing leads out of the layer. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs';
import { OcipushError } from '../../errors.ts';
import { isAbsent, systemCode, systemReason } from '../../io/system-error.ts';
import { DAMAGED_HINT } from '../source-error.ts';

/** As in Linux: links followed in one name. */
const MAX_LINKS = 40;

/** As in Linux: bytes of a path. */
const MAX_PATH = 4096;

/** Never through a link in the last place, never waiting for the writer of a pipe. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A directory that names are resolved in as if it were the root of the file system, which it was
 * for whoever unpacked the layer there. Names and paths have one character for each byte.
 *
 * All calls are synchronous: layers are thousands of small files, for which waiting costs more
 * than reading.
 */
export class DiffDirectory {
  readonly #root: string;
  /** Real paths below the root of directories by their clean names: `''` is the root itself. */
  readonly #directories = new Map<string, string>([['', '']]);

  /** @param root the path as any other program would write it */
  constructor(root: string) {
    this.#root = Buffer.from(root).toString('latin1');
  }

  /**
   * A descriptor of the regular file `name`, which has exactly `size` bytes; the caller closes it.
   * Undefined when there is nothing of that name.
   * @throws OcipushError FILE_UNREADABLE, DIGEST_MISMATCH
   */
  open(name: string, size: number): number | undefined {
    try {
      return this.#open(name, size);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      if (error instanceof OcipushError) throw error;
      throw fileError(name, systemReason(error), error);
    }
  }

  #open(name: string, size: number): number {
    if (name.length > MAX_PATH) throw fileError(name.slice(0, MAX_PATH), 'file name too long');
    const { directory, last } = splitPath(cleanPath(name));
    const path = this.#bytes(`${this.#resolve(directory)}/${last}`);
    const descriptor = openSync(path, OPEN_FLAGS);
    try {
      const found = fstatSync(descriptor);
      if (!found.isFile()) throw fileError(name, 'not a regular file');
      if (found.size !== size) throw wrongSize(name, size, found.size);
      return descriptor;
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** Where a directory with a clean name really is. */
  #resolve(name: string): string {
    const known = this.#directories.get(name);
    if (known !== undefined) return known;
    const { directory, last } = splitPath(name);
    const path = this.#walk(this.#resolve(directory), last);
    this.#directories.set(name, path);
    return path;
  }

  /** Where one step from a real path leads, with all links that are on the way. */
  #walk(start: string, step: string): string {
    const pending = [step];
    let path = start;
    let links = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        path = splitPath(path).directory;
        continue;
      }
      const next = `${path}/${part}`;
      if (!lstatSync(this.#bytes(next)).isSymbolicLink()) {
        path = next;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) throw fileError(next, 'too many levels of symbolic links');
      const target = readlinkSync(this.#bytes(next), 'latin1');
      if (target.startsWith('/')) path = '';
      pending.push(...target.split('/').toReversed());
    }
    return path;
  }

  #bytes(path: string): Buffer {
    return Buffer.from(this.#root + path, 'latin1');
  }
}

/** The error of a file of the layer that is not there. */
export function missingFile(name: string): OcipushError {
  return new OcipushError('FILE_NOT_FOUND', `open ${quoted(name)}: no such file or directory`, {
    origin: 'source',
    hint: DAMAGED_HINT,
  });
}

/** Whether a file could not be opened because of its permissions. */
export function isDenied(error: unknown): boolean {
  const code = error instanceof OcipushError ? systemCode(error.cause) : undefined;
  return code === 'EACCES' || code === 'EPERM';
}

function splitPath(path: string): { readonly directory: string; readonly last: string } {
  const slash = path.lastIndexOf('/');
  return { directory: path.slice(0, Math.max(0, slash)), last: path.slice(slash + 1) };
}

/** As the reference's chroot sees it: from the root, where `..` stays. */
function cleanPath(name: string): string {
  // Almost every name is clean already.
  if (!/(?:^|\/)(?:\.{0,2})(?:\/|$)/.test(name)) return name;
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function wrongSize(name: string, expected: number, found: number): OcipushError {
  return new OcipushError(
    'DIGEST_MISMATCH',
    `file ${quoted(name)} should have ${expected} bytes, but has ${found}`,
    { origin: 'source', hint: DAMAGED_HINT },
  );
}

function fileError(name: string, reason: string, cause?: unknown): OcipushError {
  return new OcipushError('FILE_UNREADABLE', `open ${quoted(name)}: ${reason}`, {
    origin: 'source',
    hint: DAMAGED_HINT,
    cause,
  });
}

function quoted(name: string): string {
  return JSON.stringify(Buffer.from(name, 'latin1').toString());
}
