/** Flags about who signs the image, and as what. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import { formatReference, parseDockerReference } from '../../image/docker-reference.ts';
import type { SigningWish } from '../../push/options.ts';
import type { AskPassphrase } from '../../signing/passphrase.ts';
import { goQuote } from '../escape.ts';
import { addTextFlag, addValueFlag } from '../flags.ts';
import type { Host } from '../host.ts';
import {
  keyInFile,
  keyOfParameters,
  SIGSTORE_FORMS,
  sigstoreSigners,
  simpleSigner,
  sqSigner,
  type SigstoreForm,
} from '../signers.ts';

/** The flags as typed; an empty text is as good as none. */
export interface SigningFlags {
  readonly signBy?: string;
  readonly signBySigstore?: string;
  readonly signBySigstorePrivateKey?: string;
  readonly signBySqFingerprint?: string;
  readonly signIdentity?: string;
  readonly signPassphraseFile?: string;
  readonly signSigstoreForm?: SigstoreForm;
}

export function addSigningFlags(command: Command): void {
  addTextFlag(
    command,
    '--sign-by <key>',
    'Sign with the key that gpg has of this fingerprint or name, or with the one in ./FILE',
  );
  addTextFlag(
    command,
    '--sign-by-sigstore <path>',
    'Sign for sigstore as this parameter file says: with a key, or an identity',
  );
  addTextFlag(
    command,
    '--sign-by-sigstore-private-key <path>',
    'Sign for sigstore with the private key in this file, as cosign makes them',
  );
  addTextFlag(
    command,
    '--sign-by-sq-fingerprint <fingerprint>',
    'Sign with this key in the key store of Sequoia-PGP',
  );
  addValueFlag(
    command,
    '--sign-identity <reference>',
    'Sign the image as HOST/NAME:TAG instead of as the destination',
    { convert: parseIdentity },
  );
  addTextFlag(
    command,
    '--sign-passphrase-file <path>',
    'File with the passphrase of the signing key in its first line',
  );
  addValueFlag(
    command,
    '--sign-sigstore-form <form>',
    'Store signatures for sigstore as attachment, as referrer, where cosign 3 looks first, or both',
    { convert: parseForm, shownDefault: 'attachment', values: SIGSTORE_FORMS },
  );
}

/**
 * Nothing is read or asked yet: that is for the push, before it writes anything.
 * @throws OcipushError USAGE
 */
export async function parseSigningOptions(flags: SigningFlags, host: Host): Promise<SigningWish> {
  checkPassphraseFile(flags);
  checkForm(flags);
  const passphrase = await passphraseIn(flags);
  const { signBy, signBySqFingerprint: fingerprint } = flags;
  const { signBySigstore: parameters, signBySigstorePrivateKey: keyFile } = flags;
  const { signSigstoreForm: form } = flags;
  // The order of podman, in which the signatures are numbered.
  const signers = [
    parameters ? await sigstoreSigners(await keyOfParameters(parameters, host), form) : [],
    fingerprint ? await sqSigner(fingerprint, passphrase, host) : [],
    signBy ? await simpleSigner(signBy, passphrase, host) : [],
    keyFile ? await sigstoreSigners(await keyInFile(keyFile, passphrase, host), form) : [],
  ].flat();
  return { signers, identity: flags.signIdentity || undefined };
}

/** In podman's words. */
function checkPassphraseFile(flags: SigningFlags): void {
  const { signBy, signBySqFingerprint, signBySigstorePrivateKey, signPassphraseFile } = flags;
  const keys = [signBy, signBySqFingerprint, signBySigstorePrivateKey].filter(Boolean);
  if (!signPassphraseFile || keys.length < 2) return;
  throw new OcipushError(
    'USAGE',
    'only one of --sign-by, --sign-by-sq-fingerprint and --sign-by-sigstore-private-key can be used with --sign-passphrase-file',
    { origin: 'usage' },
  );
}

/** What has no effect is not taken for a wish that was fulfilled. */
function checkForm(flags: SigningFlags): void {
  const { signSigstoreForm: form, signBySigstore, signBySigstorePrivateKey, signIdentity } = flags;
  if (form === undefined) return;
  const isForSigstore = Boolean(signBySigstore) || Boolean(signBySigstorePrivateKey);
  const hasNames = Boolean(flags.signBy) || Boolean(flags.signBySqFingerprint);
  if (!isForSigstore) {
    throw new OcipushError(
      'USAGE',
      '--sign-sigstore-form is given, and nobody signs for sigstore',
      {
        origin: 'usage',
        hint: 'say with what: --sign-by-sigstore-private-key or --sign-by-sigstore',
      },
    );
  }
  if (form !== 'referrer' || !signIdentity || hasNames) return;
  throw new OcipushError(
    'USAGE',
    '--sign-identity may not be used with --sign-sigstore-form=referrer',
    {
      origin: 'usage',
      hint: 'such a signature speaks of the digest alone, and is good for every name of the image',
    },
  );
}

/** @throws OcipushError USAGE */
function parseForm(text: string): SigstoreForm {
  const form = SIGSTORE_FORMS.find((each) => each === text);
  if (form !== undefined) return form;
  throw new OcipushError('USAGE', `unknown form of signatures ${goQuote(text)}`, {
    origin: 'usage',
    hint: `the forms are ${SIGSTORE_FORMS.join(', ')}`,
  });
}

async function passphraseIn({
  signPassphraseFile: path,
}: SigningFlags): Promise<AskPassphrase | undefined> {
  if (!path) return undefined;
  const { passphraseInFile } = await import('../../signing/passphrase.ts');
  return passphraseInFile(path);
}

/** @throws OcipushError USAGE, in skopeo's words; REFERENCE_INVALID */
function parseIdentity(text: string): string {
  if (text === '') return text;
  const reference = parseDockerReference(text);
  if (reference.tag !== undefined || reference.digest !== undefined) {
    return formatReference(reference);
  }
  throw new OcipushError('USAGE', `Sign identity must be a fully specified reference ${text}`, {
    origin: 'usage',
  });
}
