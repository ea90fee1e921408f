/** Runs the built command as a user would: a process of its own, in a home of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { leaksBelow, leaksIn } from './leaks.ts';

/** The built command. */
export const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'ocipush.js');

/** Milliseconds between two times that a file can have. */
const CLOCK_TICK = 10;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on standard input; nothing unless told. `open`: what is written later, if ever. */
  readonly input?: Uint8Array | 'open';
  /** An open file that is standard output; {@link Run} then has none. */
  readonly stdout?: number;
  readonly cwd?: string;
  /** A command that runs ours: its words come before, as with `time`. */
  readonly under?: readonly string[];
  /** Called once the process runs. */
  readonly onStart?: (command: RunningCommand) => void;
}

/** A command that has not ended yet. */
export interface RunningCommand {
  kill(signal: NodeJS.Signals): void;
  /** Settles when standard error holds this text. */
  said(text: string): Promise<void>;
  /** Settles when all but what a pipe holds (some 200 KiB) has been read from standard input. */
  write(input: Uint8Array): Promise<void>;
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
  /**
   * Runs `ocipush` with these arguments; caches and configuration stay in this home.
   * @throws Error when it printed or wrote what is secret
   */
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
  const line = [...(options.under ?? []), process.execPath, COMMAND, ...args];
  const child = spawn(line[0] ?? '', line.slice(1), {
    cwd: options.cwd ?? home,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: home,
      // What this machine wants of every push, and the logins that are kept here, are not for tests.
      CONTAINERS_CONF: '/dev/null',
      XDG_RUNTIME_DIR: home,
      ...options.env,
    },
    stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
  });
  // Files have the time of the last tick, and what the command writes comes long after its start.
  const began = Date.now() + CLOCK_TICK;
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  // A command that fails before it reads closes the pipe.
  child.stdin?.on('error', () => undefined);
  if (options.input !== 'open') child.stdin?.end(options.input);
  options.onStart?.({
    kill: (signal) => void child.kill(signal),
    said: (text) => saidBy(child, () => output.stderr.includes(text)),
    write: (input) => new Promise((resolve) => child.stdin?.write(input, () => resolve())),
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const leaks = [...leaksIn(output.stdout + output.stderr), ...(await leaksBelow(home, began))];
  if (leaks.length > 0) throw new Error(`ocipush ${args[0]} leaked ${leaks.join(', ')}`);
  return { code: code ?? undefined, ...output };
}

function saidBy(child: ChildProcess, isSaid: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (isSaid()) resolve();
    };
    child.stderr?.on('data', look);
    child.once('close', () => reject(new Error('the command ended without saying so')));
    look();
  });
}
