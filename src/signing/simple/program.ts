/** Runs a program that signs, whose secrets stand in no list of processes and no file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { OcipushError } from '../../errors.ts';
import { systemCode, systemReason } from '../../io/system-error.ts';

export interface ProgramRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly input?: Uint8Array | undefined;
  /** What the program reads from {@link SECRET_FD}. */
  readonly secret?: Uint8Array | undefined;
  /** Of the user: it says where the keys are, and where the program may ask. */
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** What the user can do where the program is missing. */
  readonly missingHint: string;
}

export interface ProgramAnswer {
  readonly succeeded: boolean;
  readonly output: Buffer;
  readonly complaints: string;
  /** What the program wrote to {@link STATUS_FD}. */
  readonly status: string;
}

export const SECRET_FD = 3;
export const STATUS_FD = 4;

/**
 * Runs a program to its end.
 * @throws OcipushError UNSUPPORTED where it is not there, or the signal's reason
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramAnswer> {
  const { program, args, input, secret, environment, signal } = request;
  signal.throwIfAborted();
  const stdio = ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'] as const;
  const child = spawn(program, args, { env: environment, stdio: [...stdio], signal });
  const [stdin, stdout, stderr, secretPipe, statusPipe] = child.stdio as unknown as readonly [
    Writable,
    Readable,
    Readable,
    Writable,
    Readable,
  ];
  try {
    feed(stdin, input);
    feed(secretPipe, secret);
    const [output, complaints, status, [code]] = await Promise.all([
      buffer(stdout),
      text(stderr),
      text(statusPipe),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { succeeded: code === 0, output, complaints, status };
  } catch (error) {
    signal.throwIfAborted();
    throw new OcipushError('UNSUPPORTED', `starting ${program}: ${systemReason(error)}`, {
      origin: 'config',
      hint: systemCode(error) === 'ENOENT' ? request.missingHint : undefined,
      cause: error,
    });
  }
}

/** What a program does not read to its end, because it has failed, is no failure of its own. */
function feed(pipe: Writable, bytes: Uint8Array | undefined): void {
  pipe.on('error', () => undefined);
  pipe.end(bytes);
}
