/** Runs the built command as a user would: a process of its own, in a home of its own. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'ocipush.js');

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on standard input; nothing unless told. */
  readonly input?: Uint8Array;
  readonly cwd?: string;
  /** Called with a way to send signals once the process runs. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
}

export interface Run {
  /** Exit code; undefined when a signal ended the process. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory that is gone at the end of the test, with a command that lives in it. */
export interface Home extends AsyncDisposable {
  readonly path: string;
  /** Runs `ocipush` with these arguments; caches and configuration stay in this home. */
  run(args: readonly string[], options?: RunOptions): Promise<Run>;
}

export async function makeHome(): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), 'ocipush-test-'));
  return {
    path,
    run: (args, options = {}) => run(path, args, options),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

async function run(home: string, args: readonly string[], options: RunOptions): Promise<Run> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: options.cwd ?? home,
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home, ...options.env },
    stdio: 'pipe',
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  // A command that fails before it reads closes the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  options.onStart?.((signal) => child.kill(signal));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? undefined, ...output };
}
