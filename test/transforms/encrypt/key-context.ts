/** What key wrappers need to look for keys: programs that stand in for gpg and others. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyContext } from '../../../src/transforms/encrypt/key-wrapper.ts';

export interface TestKeyContext extends KeyContext {
  readonly warnings: readonly string[];
}

/** Programs are found in `directory` before all others. */
export function keyContext(
  directory = '/nonexistent',
  environment: Readonly<Record<string, string>> = {},
): TestKeyContext {
  const warnings: string[] = [];
  return {
    environment: { PATH: `${directory}:/usr/bin:/bin`, ...environment },
    signal: new AbortController().signal,
    warn: (message) => warnings.push(message),
    warnings,
  };
}

/** A program in `directory` that does what the lines of a shell say. */
export async function writeProgram(
  directory: string,
  name: string,
  ...lines: readonly string[]
): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(path, 0o755);
  return path;
}
