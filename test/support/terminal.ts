/** Runs the built command at a terminal, which script(1) of util-linux makes: what a person types and sees. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { leaksIn } from './leaks.ts';
import { COMMAND } from './ocipush.ts';

export interface Terminal {
  /** Types once all that is to be seen ends with this text. */
  answer(question: string, keys: string): Promise<void>;
  /** Settles when the command has ended and the terminal was looked at. */
  readonly end: Promise<{
    readonly code: number;
    readonly screen: string;
    /** The settings of the terminal after the command, as stty(1) prints them. */
    readonly settings: readonly string[];
  }>;
}

/** What comes between the command's screen and the settings of the terminal. */
const MARK = 'ended with ';

/**
 * Whether this machine has such a program, for `describe.runIf`; where CI is set its lack throws, so
 * that nothing is skipped unseen.
 */
export function requireTerminal(): boolean {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (stdout?.includes('util-linux')) return true;
  const reason = 'script of util-linux is missing: run test/peers/setup';
  if (process.env['CI']) throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return false;
}

export function openTerminal(
  home: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Terminal {
  const line = [process.execPath, COMMAND, ...args].map(quoted).join(' ');
  // Control-C is for the command, not for the shell around it.
  const session = `trap : INT; ${line}; echo "${MARK}$?"; stty -a`;
  // It leaves the echo to whoever types, unless told otherwise.
  const child = spawn('script', ['-qfec', session, '-E', 'always', '/dev/null'], {
    cwd: home,
    env: { PATH: process.env['PATH'], SHELL: '/bin/sh', HOME: home, ...env },
  });
  let seen = '';
  child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  return {
    answer: async (question, keys) => {
      while (!seen.endsWith(question)) {
        if (child.exitCode !== null) throw new Error(`ended without ${question}: ${seen}`);
        await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
      }
      child.stdin.write(keys);
    },
    end: once(child, 'close').then(() => {
      const leaks = leaksIn(seen);
      if (leaks.length > 0) throw new Error(`the terminal shows ${leaks.join(', ')}`);
      const [screen = '', rest = ''] = seen.split(MARK);
      const [code = '', ...settings] = rest.split(/[\r\n; ]+/);
      return { code: Number(code), screen, settings };
    }),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
