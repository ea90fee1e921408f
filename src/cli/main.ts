/** The process: arguments in, exit code out, signals in between. */
import { isatty } from 'node:tty';
import { OcipushError } from '../errors.ts';
import { errorText, ShownError } from './error-text.ts';
import type { Host } from './host.ts';
import { asksForVersion, VERSION_LINE } from './version.ts';

/** podman's exit code for whatever went wrong. */
const FAILURE = 125;

/** 128 + the number of the signal, as shells count. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

const interruption = new AbortController();

const host: Host = {
  environment: process.env,
  stdin: () => process.stdin,
  stdinIsTerminal: isatty(0),
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption.signal,
};

/** The first signal lets the push clean up; the second does not wait for that. */
function onSignal(name: keyof typeof EXIT_CODES): void {
  if (interruption.signal.aborted) process.exit(EXIT_CODES[name]);
  process.exitCode = EXIT_CODES[name];
  interruption.abort(new OcipushError('ABORTED', 'interrupted'));
}

function succeed(): void {
  if (!interruption.signal.aborted) process.exitCode = 0;
}

function fail(error: unknown): void {
  if (interruption.signal.aborted) return;
  if (error instanceof OcipushError && error.code === 'ABORTED') {
    process.exitCode = EXIT_CODES.SIGINT;
    return;
  }
  if (!(error instanceof ShownError)) process.stderr.write(errorText(error));
  process.exitCode = FAILURE;
}

/** Runs a command; what went wrong has been said, and is the exit code, when it resolves. */
export async function main(argv: readonly string[]): Promise<void> {
  process.on('SIGINT', () => onSignal('SIGINT')).on('SIGTERM', () => onSignal('SIGTERM'));
  process.on('uncaughtException', (error) => {
    fail(error);
    process.exit();
  });
  // A reader that went away (`ocipush push … 2>&1 | head`) must not end the push.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  // What is never heard of again has failed: Node ends with nothing left to wait for, and says nothing.
  process.exitCode = FAILURE;
  if (asksForVersion(argv)) {
    process.stdout.write(VERSION_LINE);
    succeed();
    return;
  }
  const { createProgram, runProgram } = await import('./program.ts');
  const program = createProgram(
    {
      completion: async (invocation) => {
        const { completionCommand } = await import('./completion-command.ts');
        await completionCommand(invocation, host);
      },
      login: async (invocation) => {
        const { loginCommand } = await import('./login-command.ts');
        await loginCommand(invocation, host);
      },
      logout: async (invocation) => {
        const { logoutCommand } = await import('./logout-command.ts');
        await logoutCommand(invocation, host);
      },
      push: async (invocation) => {
        const { pushCommand } = await import('./push-command.ts');
        await pushCommand(invocation, host);
      },
      pushManifest: async (invocation) => {
        const { manifestPushCommand } = await import('./push-command.ts');
        await manifestPushCommand(invocation, host);
      },
    },
    host,
  );
  await runProgram(program, argv).then(succeed, fail);
  // What was cut short, a pipe on standard input say, could still hold the process.
  if (interruption.signal.aborted) process.exit();
}
