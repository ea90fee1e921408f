/** Small programs in the places of skopeo and podman. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../../support/scratch.ts';

export interface FakeDelegates {
  readonly directory: string;
  /** Where they are, and a storage that is empty. */
  readonly environment: Readonly<Record<'PATH' | 'RECORD' | 'CONTAINERS_STORAGE_CONF', string>>;
  readonly temporaryDirectory: string;
  /** The commands that were run, in their order. */
  calls(): Promise<readonly (readonly string[])[]>;
  /** Puts a program of this name into PATH. */
  install(name: string, script?: string): Promise<string>;
  /** A named pipe; reading it ends when all programs have that opened it. */
  pipe(name: string): string;
}

/** Keeps what it was told, and the image that it was given. */
const RECORD = `
  { printf '%s\\n' "\${0##*/}" "$@"; echo; } >> "$RECORD/calls"
  for argument; do
    case $argument in dir:*) cp -r "\${argument#dir:}" "$RECORD/image" ;; esac
  done`;

export async function makeFakeDelegates(): Promise<FakeDelegates> {
  const directory = await temporaryDirectory();
  const [bin, temporary, conf] = ['bin', 'temporary', 'conf'].map((name) => join(directory, name));
  await mkdir(bin ?? '');
  await mkdir(temporary ?? '');
  await writeFile(conf ?? '', `[storage]\ngraphroot = "${directory}/graph"\n`);
  return {
    directory,
    environment: {
      // What is no absolute path, and what is no directory, is passed over.
      PATH: `:bin:/nonexistent:${bin}`,
      RECORD: directory,
      CONTAINERS_STORAGE_CONF: conf ?? '',
    },
    temporaryDirectory: temporary ?? '',
    async calls() {
      const text = await readFile(join(directory, 'calls'), 'utf8').catch(() => '');
      return text
        .split('\n\n')
        .filter((call) => call !== '')
        .map((call) => call.split('\n'));
    },
    async install(name, script = RECORD) {
      const path = join(bin ?? '', name);
      await writeFile(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
      await chmod(path, 0o755);
      return path;
    },
    pipe(name) {
      const path = join(directory, name);
      execFileSync('mkfifo', [path]);
      return path;
    },
  };
}
