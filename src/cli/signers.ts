/** Who signs, made of what was typed; what it takes is loaded when somebody does. */
import { warnNobody } from '../config/warn.ts';
import { OcipushError } from '../errors.ts';
import { isPathLike } from '../io/path-like.ts';
import { systemClock } from '../io/retry-clock.ts';
import type { WishedSigner } from '../push/options.ts';
import { VERSION } from '../registry/user-agent.ts';
import type { AskPassphrase } from '../signing/passphrase.ts';
import type { SigstoreKey } from '../signing/sigstore/signing-key.ts';
import type { Host } from './host.ts';
import { parseConnectionOptions } from './options/registry.ts';
import { line } from './render/wording.ts';

/** How signatures for sigstore are stored: under a tag, as an artifact that refers to the image, or both. */
export type SigstoreForm = (typeof SIGSTORE_FORMS)[number];

export const SIGSTORE_FORMS = ['attachment', 'referrer', 'both'] as const;

const FORMATS = {
  attachment: ['sigstore'],
  referrer: ['sigstore-bundle'],
  both: ['sigstore', 'sigstore-bundle'],
} as const;

const STAMP = { creator: `ocipush ${VERSION}`, clock: systemClock };

export async function sqSigner(
  fingerprint: string,
  passphrase: AskPassphrase | undefined,
  { environment }: Host,
): Promise<WishedSigner> {
  const { createSqSigner } = await import('../signing/simple/sq-signer.ts');
  const signer = createSqSigner({ ...STAMP, fingerprint, passphrase, environment });
  return { format: 'simple-signing', signer };
}

export async function simpleSigner(
  key: string,
  passphrase: AskPassphrase | undefined,
  host: Host,
): Promise<WishedSigner> {
  const format = 'simple-signing';
  const ask = await askFor(key, host);
  if (isPathLike(key)) {
    const { createKeyFileSigner } = await import('../signing/simple/key-file-signer.ts');
    const options = { file: key, passphrase: passphrase ?? ask ?? cannotAsk(key) };
    return { format, signer: createKeyFileSigner({ ...STAMP, ...options }) };
  }
  const { createGpgSigner } = await import('../signing/simple/gpg-signer.ts');
  const { environment } = host;
  return { format, signer: createGpgSigner({ ...STAMP, key, passphrase, ask, environment }) };
}

export async function keyInFile(
  file: string,
  passphrase: AskPassphrase | undefined,
  host: Host,
): Promise<SigstoreKey> {
  const signing = await import('../signing/sigstore/signing-key.ts');
  return signing.keyInFile(file, passphrase ?? askOrRead(host));
}

export async function keyOfParameters(path: string, host: Host): Promise<SigstoreKey> {
  const [parameters, { openPage }] = await Promise.all([
    import('../signing/sigstore/parameter-key.ts'),
    import('../signing/sigstore/open-page.ts'),
  ]);
  const { environment, stderr } = host;
  const tell = (message: string): void => void stderr.write(line(message));
  return parameters.keyOfParameters(path, {
    // Without the flags, which are for the registry.
    ...(await parseConnectionOptions({}, host, warnNobody)),
    clock: systemClock,
    passphrase: askOrRead(host),
    rekorKeyFile: environment['SIGSTORE_REKOR_PUBLIC_KEY'] || undefined,
    tell,
    showPage: (page) => openPage(page, tell),
  });
}

/** One signer for each form that is wished; they share the key. */
export async function sigstoreSigners(
  key: SigstoreKey,
  form: SigstoreForm = 'attachment',
): Promise<readonly WishedSigner[]> {
  return Promise.all(
    FORMATS[form].map(async (format) => ({ format, signer: await SIGNERS[format](key) })),
  );
}

const SIGNERS = {
  sigstore: async (key: SigstoreKey) => {
    const { createAttachmentSigner } = await import('../signing/sigstore/attachment-signer.ts');
    return createAttachmentSigner(key, STAMP);
  },
  'sigstore-bundle': async (key: SigstoreKey) => {
    const { createBundleSigner } = await import('../signing/sigstore/bundle-signer.ts');
    return createBundleSigner(key, STAMP);
  },
};

/** As podman: from standard input, whoever writes it; an end of it means an empty passphrase. */
function askOrRead(host: Host): AskPassphrase {
  return async () => {
    const { askOnInput } = await import('./ask.ts');
    return Buffer.from((await askOnInput(host, 'Key Passphrase: ', 'hidden')) ?? '');
  };
}

/** Undefined where nobody sits at standard input. */
async function askFor(key: string, host: Host): Promise<AskPassphrase | undefined> {
  if (!host.stdinIsTerminal) return undefined;
  const { askAtTerminal } = await import('./ask.ts');
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
