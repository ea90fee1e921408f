/** Names for what is not finished, by which what a killed process left is known and removed. */
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isGone, processMark } from './process-mark.ts';

/** Bytes of a name that file systems take, less what is added here. */
const STEM_LIMIT = 190;

/** What follows the stem: the mark of the process, and what tells its files apart. */
const ENDING = /^\.(?<mark>[0-9a-f-]+)-[0-9a-f]{8}\.tmp$/;

/** A path in `directory` that nobody else uses; its name begins with `stem`, cut where too long. */
export async function temporaryPath(directory: string, stem: string): Promise<string> {
  const random = randomBytes(4).toString('hex');
  return join(directory, `${shorten(stem)}.${await processMark()}-${random}.tmp`);
}

/**
 * Removes what processes that have ended left under names of {@link temporaryPath}.
 * @throws the file system's error
 */
export async function removeAbandoned(directory: string, stem: string): Promise<void> {
  const prefix = shorten(stem);
  for (const name of await readdir(directory)) {
    const mark = name.startsWith(prefix) ? ENDING.exec(name.slice(prefix.length)) : null;
    if (mark === null || !(await isGone(mark.groups?.['mark'] ?? ''))) continue;
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

function shorten(stem: string): string {
  const bytes = Buffer.from(stem);
  // Cut between characters: what is no whole one at the end becomes one that is dropped.
  return bytes.length <= STEM_LIMIT
    ? stem
    : bytes
        .subarray(0, STEM_LIMIT)
        .toString('utf8')
        .replace(/\ufffd+$/, '');
}
