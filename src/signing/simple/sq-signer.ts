/** Simple signing with a key in the key store of Sequoia, by the program `sq`. */
import { OcipushError, wrapError } from '../../errors.ts';
import type { AskPassphrase } from '../passphrase.ts';
import type { PayloadStamp } from '../payload.ts';
import type { Signer } from '../signer.ts';
import { SECRET_FD, type ProgramAnswer } from '../../io/ask-program.ts';
import { runProgram } from './program.ts';
import { createSimpleSigner, TRIAL, type MessageKey } from './simple-signer.ts';

export interface SqSignerOptions extends PayloadStamp {
  readonly fingerprint: string;
  /** For a key that has one; nobody is asked. */
  readonly passphrase?: AskPassphrase | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * sq opens the file of a passphrase by its name, which what Node calls a pipe, a socket, does not
 * permit: the shell makes a real one, and puts standard input back.
 */
const WITH_PASSPHRASE = `exec 5<&0; cat <&${SECRET_FD} | {
  exec 4<&0 0<&5; exec sq --batch --password-file /dev/fd/4 "$@"
}`;

const HINT = 'see whether sq sign works with this key; sq key list shows those that there are';

export function createSqSigner(options: SqSignerOptions): Signer {
  return createSimpleSigner(new SqKey(options), options);
}

class SqKey implements MessageKey {
  readonly name: string;
  readonly #options: SqSignerOptions;

  constructor(options: SqSignerOptions) {
    this.name = `Sequoia-PGP key ${options.fingerprint}`;
    this.#options = options;
  }

  /** @throws OcipushError KEY_INVALID, UNSUPPORTED where there is no sq */
  async prepare(signal: AbortSignal): Promise<void> {
    await this.sign(TRIAL, signal).catch((error: unknown) => {
      throw wrapError(error, 'creating signature', { code: 'KEY_INVALID', origin: 'config' });
    });
  }

  async sign(payload: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const passphrase = await this.#options.passphrase?.(signal);
    const form = ['--binary', '--message', '--mode', 'binary'];
    const args = ['sign', ...form, '--signer', this.#options.fingerprint, '-'];
    const answer = await this.#run(args, payload, signal, passphrase);
    if (answer.failure === undefined) return answer.output;
    throw new OcipushError('KEY_INVALID', complaintIn(answer), { origin: 'config', hint: HINT });
  }

  async read(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const signer = ['--signer', this.#options.fingerprint];
    const args = ['verify', '--message', ...signer, '--output', '-', '-'];
    const { failure, output } = await this.#run(args, message, signal);
    return failure === undefined ? output : undefined;
  }

  #run(
    args: readonly string[],
    input: Uint8Array,
    signal: AbortSignal,
    passphrase?: Uint8Array,
  ): Promise<ProgramAnswer> {
    const command = passphrase
      ? { program: 'sh', args: ['-c', WITH_PASSPHRASE, 'sq', ...args] }
      : { program: 'sq', args: ['--batch', ...args] };
    return runProgram({
      ...command,
      input,
      secret: passphrase,
      environment: this.#options.environment,
      signal,
      missingHint: 'install sq, the program of Sequoia-PGP, or sign by gpg: --sign-by',
    });
  }
}

/** The cause, which sq tells last, else the first line of the error, or what another program said. */
function complaintIn({ complaints, failure }: ProgramAnswer): string {
  const lines = complaints.split('\n').map((line) => line.trim());
  const cause = lines.findLast((line) => line.startsWith('because: '))?.slice('because: '.length);
  const error = lines.find((line) => line.startsWith('Error: '))?.slice('Error: '.length);
  return cause ?? error ?? lines.findLast(Boolean) ?? `sq failed: ${failure}`;
}
