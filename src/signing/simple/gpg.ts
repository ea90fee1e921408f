/** Asks the user's gpg: its keys, cards, agent and settings are the user's own affair. */
import { OcipushError } from '../../errors.ts';
import { SECRET_FD, STATUS_FD } from '../../io/ask-program.ts';
import { runProgram } from './program.ts';

export interface GpgRequest {
  readonly args: readonly string[];
  readonly input?: Uint8Array;
  readonly passphrase?: Uint8Array | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export interface GpgAnswer {
  readonly output: Uint8Array;
  /** Keywords and their arguments: doc/DETAILS of GnuPG. */
  readonly status: readonly (readonly string[])[];
  /** What went wrong, in gpg's words; undefined when it ended well. */
  readonly complaint: string | undefined;
}

const LINE_FEED = 0x0a;

/** gpg cannot ask what nobody can answer: nothing it does may wait for a terminal. */
const ALWAYS = ['--batch', '--no-tty', '--yes', '--status-fd', String(STATUS_FD)];

const WITH_PASSPHRASE = ['--pinentry-mode', 'loopback', '--passphrase-fd', String(SECRET_FD)];

/**
 * Runs gpg to its end.
 * @throws OcipushError UNSUPPORTED where there is no gpg, KEY_INVALID for a passphrase that gpg
 * cannot be given; the signal's reason
 */
export async function runGpg(request: GpgRequest): Promise<GpgAnswer> {
  const { input, passphrase, environment, signal } = request;
  if (passphrase?.includes(LINE_FEED)) {
    throw new OcipushError('KEY_INVALID', 'invalid passphrase: must not contain a line break');
  }
  const { failure, output, complaints, status } = await runProgram({
    program: 'gpg',
    args: [...ALWAYS, ...(passphrase ? WITH_PASSPHRASE : []), ...request.args],
    input,
    secret: passphrase && Buffer.concat([passphrase, Buffer.of(LINE_FEED)]),
    environment,
    signal,
    missingHint:
      'install gpg, or name the file of a secret key instead of its ID: --sign-by ./key.asc',
  });
  return {
    output,
    status: parseStatus(status),
    complaint: failure && (complaintIn(complaints) || `gpg failed: ${failure}`),
  };
}

function parseStatus(lines: string): readonly (readonly string[])[] {
  return [...lines.matchAll(/^\[GNUPG:\] (.*)$/gm)].map(([, line = '']) => line.split(' '));
}

/** The end of the last line says what the matter is, in whatever language; empty without any. */
function complaintIn(lines: string): string {
  const last = lines.split('\n').at(-1) ?? '';
  return last.split(': ').at(-1) ?? '';
}
