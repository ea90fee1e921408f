/** Runs a program that is asked something on its standard input and answers on its standard output. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { collect } from './bytes.ts';
import { systemCode, systemReason } from './system-error.ts';

export interface ProgramQuestion {
  /** A path, or a name to be found in the PATH of the environment. */
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string | Uint8Array;
  readonly environment: NodeJS.ProcessEnv;
  /** Bytes that the answer may have. */
  readonly limit: number;
  /** Milliseconds until a silent program is killed. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** `show`: what it writes to standard error is for the user; `keep`: for who asks. */
  readonly complaints: 'show' | 'keep';
}

export interface ProgramAnswer {
  readonly output: Uint8Array;
  /** How it failed, in Go's words; undefined when it did not. */
  readonly failure: string | undefined;
  /** The end of what it wrote to standard error, where that is kept. */
  readonly complaints: string;
}

/** Bytes of complaints that are kept. */
const COMPLAINT_LIMIT = 8 * 1024;

/** @throws the signal's reason when that is aborted first */
export async function askProgram(question: ProgramQuestion): Promise<ProgramAnswer> {
  const { program, args, environment, timeout, signal } = question;
  signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(timeout);
  // Not in a process group of its own: it would lose the terminal on which it may ask something.
  const child = spawn(program, args, {
    env: environment,
    stdio: ['pipe', 'pipe', question.complaints === 'show' ? 'inherit' : 'pipe'],
  });
  // A program need not read what it is asked.
  child.stdin?.on('error', () => {});
  child.stdin?.end(question.input);
  const complaints = keepEnd(child.stderr);
  const ended = Promise.all([
    collect(child.stdout as Readable, question.limit, program),
    once(child, 'close'),
  ]);
  try {
    const stopped = whenAborted(signal ? AbortSignal.any([signal, deadline]) : deadline);
    const [output, [status, killer]] = await Promise.race([ended, stopped]);
    const failure = status === 0 ? undefined : describeEnd(status, killer);
    return { output, failure, complaints: complaints() };
  } catch (error) {
    signal?.throwIfAborted();
    const silent = `${program} gave no answer within ${timeout / 1000} s`;
    const failure = deadline.aborted ? silent : describeFault(error, program);
    return { output: new Uint8Array(), failure, complaints: complaints() };
  } finally {
    child.kill('SIGKILL');
    // A process that it left behind may hold the other ends open for ever.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

function keepEnd(stream: Readable | null): () => string {
  let kept = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-COMPLAINT_LIMIT);
  });
  return () => kept.trim();
}

async function whenAborted(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  throw signal.reason;
}

function describeEnd(status: number | null, killer: string | null): string {
  return status === null ? `signal: ${killer}` : `exit status ${status}`;
}

function describeFault(error: unknown, program: string): string {
  const missing = `exec: "${program}": executable file not found in $PATH`;
  return systemCode(error) === 'ENOENT' ? missing : systemReason(error);
}
