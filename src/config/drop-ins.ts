/** Directories of configuration files, of which each changes what those before it say. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isAbsent, systemReason } from '../io/system-error.ts';
import { OcipushError } from '../errors.ts';

/**
 * The paths of all `*.conf` in these directories, one directory after the other, each in the byte
 * order of the names. What is not there has none.
 * @throws OcipushError CONFIG_INVALID
 */
export async function dropInFiles(directories: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(directories.map(filesIn));
  return found.flat();
}

/** The same, but of files of one name only that in the last directory, all in order of their names. */
export async function shadowedDropInFiles(
  directories: readonly string[],
): Promise<readonly string[]> {
  const byName = new Map<string, string>();
  for (const path of await dropInFiles(directories)) byName.set(basename(path), path);
  return [...byName.keys()].toSorted().flatMap((name) => byName.get(name) ?? []);
}

async function filesIn(directory: string): Promise<readonly string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => name.endsWith('.conf'))
      .toSorted()
      .map((name) => join(directory, name));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new OcipushError(
      'CONFIG_INVALID',
      `loading configuration: ${directory}: ${systemReason(error)}`,
      { origin: 'config', hint: 'make it a directory that you may read', cause: error },
    );
  }
}
