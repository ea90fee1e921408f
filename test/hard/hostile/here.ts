/** The command in this process: all that `main.ts` does but for the process itself, thousands of times. */
import { Readable, Writable } from 'node:stream';
import { errorText, ShownError } from '../../../src/cli/error-text.ts';
import type { Host } from '../../../src/cli/host.ts';
import { createProgram, runProgram } from '../../../src/cli/program.ts';
import { manifestPushCommand, pushCommand } from '../../../src/cli/push-command.ts';
import { OcipushError, type ErrorCode } from '../../../src/errors.ts';
import { NO_ACTIONS } from '../../cli/recording.ts';
import type { Run } from '../../support/ocipush.ts';

export interface RunHere extends Run {
  /** Undefined where there is none; `null` for an error that is not ours. */
  readonly error: ErrorCode | null | undefined;
}

export async function runHere(
  args: readonly string[],
  {
    env,
    input = new Uint8Array(),
  }: { readonly env: NodeJS.ProcessEnv; readonly input?: Uint8Array },
): Promise<RunHere> {
  const output = { stdout: '', stderr: '' };
  const host: Host = {
    environment: env,
    stdin: () => Readable.from([input], { objectMode: false }),
    stdinIsTerminal: false,
    stdout: into((text) => (output.stdout += text)),
    stderr: into((text) => (output.stderr += text)),
    signal: new AbortController().signal,
  };
  const program = createProgram(
    {
      ...NO_ACTIONS,
      push: (invocation) => pushCommand(invocation, host),
      pushManifest: (invocation) => manifestPushCommand(invocation, host),
    },
    host,
  );
  try {
    await runProgram(program, args);
    return { code: 0, ...output, error: undefined };
  } catch (error) {
    const isShown = error instanceof ShownError;
    const stderr = isShown ? output.stderr : output.stderr + errorText(error);
    const cause = isShown ? error.cause : error;
    return {
      code: 125,
      ...output,
      stderr,
      error: cause instanceof OcipushError ? cause.code : null,
    };
  }
}

function into(take: (text: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _, done) => {
      take(chunk.toString());
      done();
    },
  });
}
