/** Runs a program that is asked something on its standard input and answers on its standard output, within bounds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { collect } from './bytes.ts';
import { systemCode, systemReason } from './system-error.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface ProgramQuestion {
  /** A path, or a name to be found in the PATH of the environment. */
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string | Uint8Array;
  readonly environment: NodeJS.ProcessEnv;
  /** Bytes that the answer may have. */
  readonly limit: number;
  /** Milliseconds until a silent program is killed; undefined for one that may ask a person. */
  readonly timeout: number | undefined;
  /**
   * With it there are two more files, {@link SECRET_FD} from which the program reads this, and
   * {@link STATUS_FD}: a secret stands in no list of processes and no file.
   */
  readonly secret?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `show`: what it writes to standard error is for the user; `keep`: for who asks. */
  readonly complaints: 'show' | 'keep';
}

export interface ProgramAnswer {
  readonly output: Uint8Array;
  /** How it failed, in Go's words; undefined when it did not. */
  readonly failure: string | undefined;
  /** False where it could not be started. */
  readonly hasRun: boolean;
  /** The end of what it wrote to standard error, where that is kept. */
  readonly complaints: string;
  /** The end of what it wrote to {@link STATUS_FD}, where there is that. */
  readonly status: string;
}

export const SECRET_FD = 3;
export const STATUS_FD = 4;

/** Characters of complaints, and of status, that are kept. */
const KEPT = 8 * 1024;

/** @throws the signal's reason when that is aborted first */
export async function askProgram(question: ProgramQuestion): Promise<ProgramAnswer> {
  const { program, timeout, signal } = question;
  signal?.throwIfAborted();
  const deadline = timeout === undefined ? undefined : AbortSignal.timeout(timeout);
  const child = start(question);
  const [, , , , statusPipe] = child.stdio;
  const [complaints, status] = [keepEnd(child.stderr), keepEnd(statusPipe as Readable | undefined)];
  const ended = Promise.all([
    collect(child.stdout as Readable, question.limit, program),
    once(child, 'close'),
  ]);
  const kept = () => ({ complaints: complaints(), status: status() });
  try {
    const inTime = deadline ? unlessAborted(ended, deadline) : ended;
    const [output, [code, killer]] = await (signal ? unlessAborted(inTime, signal) : inTime);
    const failure = code === 0 ? undefined : describeEnd(code, killer);
    return { output, failure, hasRun: true, ...kept() };
  } catch (error) {
    signal?.throwIfAborted();
    const silent = `${program} gave no answer within ${(timeout ?? 0) / 1000} s`;
    const failure = deadline?.aborted ? silent : describeFault(error, program);
    const hasRun = child.pid !== undefined;
    return { output: new Uint8Array(), failure, hasRun, ...kept() };
  } finally {
    child.kill('SIGKILL');
    // A process that it left behind may hold the other ends open for ever.
    for (const stream of child.stdio) stream?.destroy();
  }
}

/** Not in a process group of its own: it would lose the terminal on which it may ask something. */
function start({ program, args, environment, complaints, input, secret }: ProgramQuestion) {
  const stderr = complaints === 'show' ? 'inherit' : 'pipe';
  const more = secret === undefined ? [] : (['pipe', 'pipe'] as const);
  const child = spawn(program, args, {
    env: environment,
    stdio: ['pipe', 'pipe', stderr, ...more],
  });
  const [stdin, , , secretPipe] = child.stdio;
  feed(stdin, input);
  feed(secretPipe as Writable | undefined, secret);
  return child;
}

/** A program need not read what it is given. */
function feed(pipe: Writable | null | undefined, bytes: string | Uint8Array | undefined): void {
  pipe?.on('error', () => undefined);
  pipe?.end(bytes);
}

function keepEnd(stream: Readable | null | undefined): () => string {
  let kept = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-KEPT);
  });
  return () => kept.trim();
}

function describeEnd(status: number | null, killer: string | null): string {
  return status === null ? `signal: ${killer}` : `exit status ${status}`;
}

function describeFault(error: unknown, program: string): string {
  const missing = `exec: "${program}": executable file not found in $PATH`;
  return systemCode(error) === 'ENOENT' ? missing : systemReason(error);
}
