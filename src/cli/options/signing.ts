/** Flags about who signs the image, and as what. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import { formatReference, parseDockerReference } from '../../image/docker-reference.ts';
import { isPathLike } from '../../io/path-like.ts';
import { systemClock } from '../../io/retry-clock.ts';
import type { SigningWish, WishedSigner } from '../../push/options.ts';
import type { AskPassphrase } from '../../signing/passphrase.ts';
import type { SigstoreKey } from '../../signing/sigstore/signing-key.ts';
import { goQuote } from '../escape.ts';
import { addTextFlag, addValueFlag } from '../flags.ts';
import type { Host } from '../host.ts';
import { line } from '../render/wording.ts';
import { VERSION } from '../../registry/user-agent.ts';
import { parseConnectionOptions } from './registry.ts';

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

/** How signatures for sigstore are stored: under a tag, as an artifact that refers to the image, or both. */
type SigstoreForm = (typeof SIGSTORE_FORMS)[number];

const SIGSTORE_FORMS = ['attachment', 'referrer', 'both'] as const;

const SIGNATURES = {
  attachment: ['sigstore'],
  referrer: ['sigstore-bundle'],
  both: ['sigstore', 'sigstore-bundle'],
} as const;

const STAMP = { creator: `ocipush ${VERSION}`, clock: systemClock };

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

async function sqSigner(
  fingerprint: string,
  passphrase: AskPassphrase | undefined,
  { environment }: Host,
): Promise<WishedSigner> {
  const { createSqSigner } = await import('../../signing/simple/sq-signer.ts');
  const signer = createSqSigner({ ...STAMP, fingerprint, passphrase, environment });
  return { format: 'simple-signing', signer };
}

async function simpleSigner(
  key: string,
  passphrase: AskPassphrase | undefined,
  host: Host,
): Promise<WishedSigner> {
  const format = 'simple-signing';
  const ask = await askFor(key, host);
  if (isPathLike(key)) {
    const { createKeyFileSigner } = await import('../../signing/simple/key-file-signer.ts');
    const options = { file: key, passphrase: passphrase ?? ask ?? cannotAsk(key) };
    return { format, signer: createKeyFileSigner({ ...STAMP, ...options }) };
  }
  const { createGpgSigner } = await import('../../signing/simple/gpg-signer.ts');
  const { environment } = host;
  return { format, signer: createGpgSigner({ ...STAMP, key, passphrase, ask, environment }) };
}

async function keyInFile(
  file: string,
  passphrase: AskPassphrase | undefined,
  host: Host,
): Promise<SigstoreKey> {
  const signing = await import('../../signing/sigstore/signing-key.ts');
  return signing.keyInFile(file, passphrase ?? askOrRead(host));
}

async function keyOfParameters(path: string, host: Host): Promise<SigstoreKey> {
  const [parameters, { openPage }] = await Promise.all([
    import('../../signing/sigstore/parameter-key.ts'),
    import('../../signing/sigstore/open-page.ts'),
  ]);
  const { environment, stderr } = host;
  const tell = (message: string): void => void stderr.write(line(message));
  return parameters.keyOfParameters(path, {
    // Without the flags, which are for the registry.
    ...(await parseConnectionOptions({}, host)),
    clock: systemClock,
    passphrase: askOrRead(host),
    rekorKeyFile: environment['SIGSTORE_REKOR_PUBLIC_KEY'] || undefined,
    tell,
    showPage: (page) => openPage(page, tell),
  });
}

/** One signer for each form that is wished; they share the key. */
async function sigstoreSigners(
  key: SigstoreKey,
  form: SigstoreForm = 'attachment',
): Promise<readonly WishedSigner[]> {
  return Promise.all(
    SIGNATURES[form].map(async (format) => ({ format, signer: await SIGNERS[format](key) })),
  );
}

const SIGNERS = {
  sigstore: async (key: SigstoreKey) => {
    const { createAttachmentSigner } = await import('../../signing/sigstore/attachment-signer.ts');
    return createAttachmentSigner(key, STAMP);
  },
  'sigstore-bundle': async (key: SigstoreKey) => {
    const { createBundleSigner } = await import('../../signing/sigstore/bundle-signer.ts');
    return createBundleSigner(key, STAMP);
  },
};

/** As podman: from standard input, whoever writes it; an end of it means an empty passphrase. */
function askOrRead(host: Host): AskPassphrase {
  return async () => {
    const { askOnInput } = await import('../ask.ts');
    return Buffer.from((await askOnInput(host, 'Key Passphrase: ', 'hidden')) ?? '');
  };
}

async function passphraseIn({
  signPassphraseFile: path,
}: SigningFlags): Promise<AskPassphrase | undefined> {
  if (!path) return undefined;
  const { passphraseInFile } = await import('../../signing/passphrase.ts');
  return passphraseInFile(path);
}

/** Undefined where nobody sits at standard input. */
async function askFor(key: string, host: Host): Promise<AskPassphrase | undefined> {
  if (!host.stdinIsTerminal) return undefined;
  const { askAtTerminal } = await import('../ask.ts');
  const ask = askAtTerminal(host);
  return ask && (async () => Buffer.from((await ask(`Passphrase for ${key}: `, 'hidden')) ?? ''));
}

function cannotAsk(key: string): AskPassphrase {
  return async () => {
    throw new OcipushError(
      'USAGE',
      `Cannot prompt for a passphrase for key ${key}, standard input is not a TTY`,
      { origin: 'usage', hint: 'give it with --sign-passphrase-file' },
    );
  };
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
