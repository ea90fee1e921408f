/** Makes directories, and tells what really keeps them from being made. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './system-error.ts';

/**
 * Makes a directory, and those above it that are missing. Not as Node does it, whose `recursive` says
 * of a full disk that there is no such directory.
 * @param mode permissions of those that are made
 * @throws the file system's error
 */
export async function makeDirectories(path: string, mode: number): Promise<void> {
  try {
    await makeDirectory(path, mode);
  } catch (error) {
    const above = dirname(path);
    if (systemCode(error) !== 'ENOENT' || above === path) throw error;
    await makeDirectories(above, mode);
    await makeDirectory(path, mode);
  }
}

/**
 * Makes a directory where there is nothing; that above it must exist. What is there, and is no
 * directory, fails as soon as something is written into it.
 * @throws the file system's error
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  await mkdir(path, mode).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
  });
}
