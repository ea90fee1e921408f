/** Simple signing with a key that the user's gpg has. */
import { OcipushError, wrapError } from '../../errors.ts';
import type { AskPassphrase } from '../passphrase.ts';
import type { PayloadStamp } from '../payload.ts';
import type { Signer } from '../signer.ts';
import { runGpg, type GpgAnswer } from './gpg.ts';
import { createSimpleSigner, TRIAL, type MessageKey } from './simple-signer.ts';

export interface GpgSignerOptions extends PayloadStamp {
  /** Whatever gpg takes for a key: a fingerprint, an ID, a part of a user ID. */
  readonly key: string;
  /** Known beforehand; without it gpg's agent asks, if it must. */
  readonly passphrase?: AskPassphrase | undefined;
  /** Asks where the agent cannot; undefined where nobody can be asked. */
  readonly ask?: AskPassphrase | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/** Codes of libgpg-error. */
const BAD_PASSPHRASE = 11;

/** No pinentry, pinentry failed, and no terminal for it (ENOTTY). */
const UNASKABLE: readonly number[] = [85, 86, 32_870];

/** The lower half of an error; the upper one says which part of GnuPG it comes from. */
const ERROR_CODE = 0xffff;

export function createGpgSigner(options: GpgSignerOptions): Signer {
  return createSimpleSigner(new GpgKey(options), options);
}

class GpgKey implements MessageKey {
  readonly name: string;
  readonly #options: GpgSignerOptions;
  #fingerprint: string | undefined;
  #passphrase: Uint8Array | undefined;

  constructor(options: GpgSignerOptions) {
    this.name = `GPG key ${options.key}`;
    this.#options = options;
  }

  /** @throws OcipushError KEY_INVALID, UNSUPPORTED where there is no gpg */
  async prepare(signal: AbortSignal): Promise<void> {
    await this.#unlock(signal).catch((error: unknown) => {
      throw wrapError(error, 'creating signature', { code: 'KEY_INVALID', origin: 'config' });
    });
  }

  async sign(payload: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await this.#run(['--sign'], payload, signal);
    if (answer.complaint !== undefined) throw signingError(answer);
    return answer.output;
  }

  async read(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { environment } = this.#options;
    // Not --decrypt, for which gpg would ask for the passphrase of a key that somebody chose.
    const args = ['--output', '-', '--verify'];
    const { output, status, complaint } = await runGpg({
      args,
      input: message,
      environment,
      signal,
    });
    const valid = status.filter(([keyword]) => keyword === 'VALIDSIG');
    const isOwn = valid.length === 1 && valid[0]?.at(-1) === this.#fingerprint;
    return complaint === undefined && isOwn ? output : undefined;
  }

  async #unlock(signal: AbortSignal): Promise<void> {
    const { passphrase, ask } = this.#options;
    this.#fingerprint = await this.#findKey(signal);
    const given = await passphrase?.(signal);
    // As in the reference, none is what an empty one means.
    this.#passphrase = given?.length === 0 ? undefined : given;
    const trial = await this.#run(['--sign'], TRIAL, signal);
    if (trial.complaint === undefined) return;
    if (passphrase || !ask || !UNASKABLE.includes(errorCode(trial))) throw signingError(trial);
    this.#passphrase = await ask(signal);
    await this.sign(TRIAL, signal);
  }

  #run(args: readonly string[], input: Uint8Array, signal: AbortSignal): Promise<GpgAnswer> {
    const { environment } = this.#options;
    // What the user's gpg.conf may say otherwise: destinations store no text.
    const binary = ['--no-armor', '--no-textmode', '--local-user', this.#fingerprint ?? ''];
    const passphrase = this.#passphrase;
    return runGpg({ args: [...binary, ...args], input, passphrase, environment, signal });
  }

  /** The fingerprint of the one key that is meant. */
  async #findKey(signal: AbortSignal): Promise<string> {
    const { key, environment } = this.#options;
    const args = ['--with-colons', '--list-secret-keys', '--', key];
    const { output } = await runGpg({ args, environment, signal });
    const found = primaryFingerprints(Buffer.from(output).toString());
    const [fingerprint] = found;
    if (fingerprint === undefined) {
      throw keyError(
        `key ${JSON.stringify(key)} not found`,
        'gpg --list-secret-keys shows those that there are; GNUPGHOME says where',
      );
    }
    if (found.length > 1) throw keyError('Ambiguous name', `name one of ${found.join(', ')}`);
    return fingerprint;
  }
}

/** In gpg's colon-separated records: the line after that of a secret key, doc/DETAILS of GnuPG. */
function primaryFingerprints(listing: string): readonly string[] {
  const records = listing.split('\n').map((line) => line.split(':'));
  return records.flatMap(([type], index) => {
    if (type !== 'sec') return [];
    const fingerprint = records.slice(index).find(([each]) => each === 'fpr');
    return fingerprint?.[9] ?? [];
  });
}

/** Why gpg could not sign; 0 where it does not say. */
function errorCode({ status }: GpgAnswer): number {
  const [, , code = 0] = status.find(([keyword]) => keyword === 'FAILURE') ?? [];
  return Number(code) & ERROR_CODE;
}

function signingError(answer: GpgAnswer): OcipushError {
  const isLocked = [BAD_PASSPHRASE, ...UNASKABLE].includes(errorCode(answer));
  const hint = isLocked
    ? 'give the passphrase of the key with --sign-passphrase-file'
    : 'see whether gpg --sign works with this key; gpg --list-secret-keys shows its state';
  return keyError(answer.complaint ?? '', hint);
}

function keyError(message: string, hint: string): OcipushError {
  return new OcipushError('KEY_INVALID', message, { origin: 'config', hint });
}
