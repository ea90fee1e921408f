/** Real directories and programs for the tests of configuration. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { messageOf } from '../../src/errors.ts';

/** A directory that lives as long as the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ocipush-config-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

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

/** Runs the task while `directory` may not be entered, not even by root. */
export async function withoutPermission<T>(directory: string, task: () => Promise<T>): Promise<T> {
  const root = process.geteuid?.() === 0;
  await chmod(directory, 0);
  if (root) process.seteuid?.(65_534);
  try {
    return await task();
  } finally {
    if (root) process.seteuid?.(0);
    await chmod(directory, 0o700);
  }
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
