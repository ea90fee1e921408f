/** Runs the user's gpg: its keys, cards, agent and settings are the user's own affair. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { OcipushError } from '../../errors.ts';
import { systemCode, systemReason } from '../../io/system-error.ts';

export interface GpgRequest {
  readonly args: readonly string[];
  readonly input?: Uint8Array;
  /** Given to gpg through a pipe, so that it stands in no list of processes and no file. */
  readonly passphrase?: Uint8Array | undefined;
  /** Says where the keys are, and where pinentry may ask. */
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export interface GpgAnswer {
  readonly output: Buffer;
  /** Keywords and their arguments: doc/DETAILS of GnuPG. */
  readonly status: readonly (readonly string[])[];
  /** What went wrong, in gpg's words; undefined when it ended well. */
  readonly complaint: string | undefined;
}

const PASSPHRASE_FD = 3;
const STATUS_FD = 4;
const LINE_FEED = 0x0a;

/** gpg cannot ask what nobody can answer: nothing it does may wait for a terminal. */
const ALWAYS = ['--batch', '--no-tty', '--yes', '--status-fd', String(STATUS_FD)];

const WITH_PASSPHRASE = ['--pinentry-mode', 'loopback', '--passphrase-fd', String(PASSPHRASE_FD)];

/**
 * Runs gpg to its end.
 * @throws OcipushError UNSUPPORTED where there is no gpg, KEY_INVALID for a passphrase that gpg
 * cannot be given; the signal's reason
 */
export async function runGpg(request: GpgRequest): Promise<GpgAnswer> {
  const { input, passphrase, environment, signal } = request;
  signal.throwIfAborted();
  if (passphrase?.includes(LINE_FEED)) {
    throw new OcipushError('KEY_INVALID', 'invalid passphrase: must not contain a line break');
  }
  const args = [...ALWAYS, ...(passphrase ? WITH_PASSPHRASE : []), ...request.args];
  const child = spawn('gpg', args, {
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    signal,
  });
  const [, stdout, stderr, passphrasePipe, statusPipe] = child.stdio;
  try {
    feed(child.stdin, input);
    feed(
      passphrasePipe as Writable,
      passphrase && Buffer.concat([passphrase, Buffer.of(LINE_FEED)]),
    );
    const [output, complaints, status, [code]] = await Promise.all([
      buffer(stdout),
      text(stderr),
      text(statusPipe as Readable),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return {
      output,
      status: parseStatus(status),
      complaint: code === 0 ? undefined : complaintIn(complaints),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw notStarted(error);
  }
}

/** What gpg does not read to its end, because it has failed, is no failure of its own. */
function feed(pipe: Writable, bytes: Uint8Array | undefined): void {
  pipe.on('error', () => undefined);
  pipe.end(bytes);
}

function parseStatus(lines: string): readonly (readonly string[])[] {
  return [...lines.matchAll(/^\[GNUPG:\] (.*)$/gm)].map(([, line = '']) => line.split(' '));
}

/** The end of the last line says what the matter is, in whatever language. */
function complaintIn(lines: string): string {
  const last = lines.trim().split('\n').at(-1) ?? '';
  return last.split(': ').at(-1) || 'gpg failed without a word';
}

function notStarted(error: unknown): OcipushError {
  return new OcipushError('UNSUPPORTED', `starting gpg: ${systemReason(error)}`, {
    origin: 'config',
    hint:
      systemCode(error) === 'ENOENT'
        ? 'install gpg, or name the file of a secret key instead of its ID: --sign-by ./key.asc'
        : undefined,
    cause: error,
  });
}
