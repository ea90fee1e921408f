/** Real directories and programs for the tests of configuration. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { messageOf } from '../../src/errors.ts';

export { temporaryDirectory, withoutPermission } from '../support/scratch.ts';

/** Writes files by their path below `root`; what is no string is written as JSON. */
export async function writeFiles(
  root: string,
  files: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** A shell script as docker-credential-NAME; the result is the PATH that finds it. */
export async function writeHelper(bin: string, name: string, script: string): Promise<string> {
  await mkdir(bin, { recursive: true });
  const program = join(bin, `docker-credential-${name}`);
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  return `${bin}${delimiter}${process.env['PATH']}`;
}

/** The message with which the task fails, empty when it does not. */
export function failureText(task: () => unknown): string {
  try {
    task();
    return '';
  } catch (error) {
    return messageOf(error);
  }
}

/** `auth` of an entry. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
