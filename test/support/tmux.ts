/** A terminal of tmux with a program in it: what is typed, and what is to be seen. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peerPath } from './peers.ts';

const execute = promisify(execFile);

const SETTINGS = `
set -g status off
set -s escape-time 0
`;

const ROWS = 30;

/** Runs the arguments behind it, and stays: tmux does not tell of the last words of who leaves. */
const SHELL = ['sh', '-c', `"$@"; echo "ended with $?"; exec cat`, 'sh'];

export interface Terminal extends AsyncDisposable {
  /** The lines on the screen and those that have left it, without the empty ones at the end. */
  screen(): Promise<readonly string[]>;
  /** Settles with the screen once it is as wished; what never comes is for the test's time limit. */
  shows(isWished: (lines: readonly string[]) => boolean): Promise<readonly string[]>;
  /** Types text, or presses a key that tmux knows by this name. */
  type(text: string): Promise<void>;
  press(key: string): Promise<void>;
  resize(columns: number): Promise<void>;
  isCursorVisible(): Promise<boolean>;
}

export interface TerminalOptions {
  readonly columns: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a program; below what it leaves on the screen stands `ended with` and its exit code. */
export async function openTerminal(
  command: readonly string[],
  { columns, cwd, env }: TerminalOptions,
): Promise<Terminal> {
  const directory = await mkdtemp(join(tmpdir(), 'ocipush-terminal-'));
  const settings = join(directory, 'conf');
  await writeFile(settings, SETTINGS);
  const program = peerPath('tmux');
  const server = ['-S', join(directory, 'socket'), '-f', settings];
  const options = { env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', HOME: directory } };
  const tmux = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await execute(program, [...server, ...args], options);
    return stdout;
  };
  // What tmux is told of the environment, it does not all hand on.
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const size = ['-x', String(columns), '-y', String(ROWS)];
  await tmux('new-session', '-d', ...size, '-c', cwd, 'env', ...variables, ...SHELL, ...command);
  // From now on the window has a size of its own, whatever size who looks at it has.
  await tmux('resize-window', '-x', String(columns));
  // Its output is not looked at: it says that there is something to look at.
  const watcher = spawn(program, [...server, '-C', 'attach'], options);
  // From its first word on it misses nothing.
  await once(watcher.stdout, 'data');
  const screen = async (): Promise<readonly string[]> =>
    (await tmux('capture-pane', '-p', '-S', '-')).trimEnd().split('\n');
  return {
    screen,
    shows: async (isWished) => {
      for (;;) {
        const change = once(watcher.stdout, 'data');
        const lines = await screen();
        if (isWished(lines)) return lines;
        await change;
      }
    },
    type: async (text) => void (await tmux('send-keys', '-l', text)),
    press: async (key) => void (await tmux('send-keys', key)),
    resize: async (width) => void (await tmux('resize-window', '-x', String(width))),
    isCursorVisible: async () => (await tmux('display', '-p', '#{cursor_flag}')).trim() === '1',
    async [Symbol.asyncDispose]() {
      const ended = once(watcher, 'exit');
      await tmux('kill-server');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
