/** Keys for sigstore as a parameter file says: the user's own or by identity, with a log or without. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { OcipushError } from '../../errors.ts';
import { passphraseInFile, type AskPassphrase } from '../passphrase.ts';
import type { ShowPage } from './browser-flow.ts';
import { obtainCertificate, type SigningCertificate } from './fulcio.ts';
import { expiryOf, parseIdentityToken, type IdentityToken } from './identity-token.ts';
import {
  readParameterFile,
  type FulcioParameters,
  type KeyParameters,
  type SigningParameters,
} from './parameter-file.ts';
import { readPrivateKey } from './private-key.ts';
import { putOnRecord, readLogKey, type Log, type LogEntry } from './rekor.ts';
import type { ServiceOptions } from './service.ts';
import type { OpenKey, SigstoreKey } from './signing-key.ts';

export interface ParameterKeyOptions extends ServiceOptions {
  /** For a key whose passphrase is in no file. */
  readonly passphrase: AskPassphrase;
  /** The public key of the log, in PEM form, as cosign's SIGSTORE_REKOR_PUBLIC_KEY names it. */
  readonly rekorKeyFile?: string | undefined;
  /** Says to the user what to do. */
  readonly tell: (message: string) => void;
  readonly showPage: ShowPage;
}

type SigningKey = Omit<OpenKey, 'record'>;

interface Parameters {
  readonly parameters: SigningParameters;
  readonly logKey: KeyObject | undefined;
}

/** Milliseconds: certificates that end so soon are not signed with. */
const MARGIN = 30_000;

/** The key that a parameter file names, or one that lives for this push and has a certificate. */
export function keyOfParameters(path: string, options: ParameterKeyOptions): SigstoreKey {
  const identities = new IdentityKeeper(options);
  let read: Promise<Parameters> | undefined;
  let signingKey: SigningKey | undefined;
  const open = async (signal: AbortSignal): Promise<OpenKey> => {
    const { parameters, logKey } = await (read ??= readParameters(path, options));
    if (signingKey === undefined || endsSoon(signingKey, options)) {
      signingKey = await openKey(parameters.key, identities, options, signal);
    }
    const { rekor: service } = parameters;
    const record = service && recorder({ service, key: logKey }, signingKey, options);
    return { ...signingKey, record };
  };
  return {
    name: path,
    open,
    check: async (signal) => {
      const { parameters } = await (read ??= readParameters(path, options));
      if (parameters.key.kind === 'file') await open(signal);
    },
    get isOpen() {
      return signingKey !== undefined;
    },
  };
}

async function readParameters(
  path: string,
  { rekorKeyFile }: ParameterKeyOptions,
): Promise<Parameters> {
  const parameters = await readParameterFile(path);
  const logKey = parameters.rekor && rekorKeyFile ? await readLogKey(rekorKeyFile) : undefined;
  return { parameters, logKey };
}

async function openKey(
  parameters: KeyParameters | FulcioParameters,
  identities: IdentityKeeper,
  options: ParameterKeyOptions,
  signal: AbortSignal,
): Promise<SigningKey> {
  if (parameters.kind === 'file') {
    const { file, passphraseFile } = parameters;
    const ask = passphraseFile ? passphraseInFile(passphraseFile) : options.passphrase;
    return { key: await readPrivateKey(file, ask, signal) };
  }
  const token = await identities.get(parameters, signal);
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { service } = parameters;
  return { key, certificate: await obtainCertificate({ service, token, key }, options, signal) };
}

/** Keeps an identity as long as it lasts, so that the user is not asked again before. */
class IdentityKeeper {
  readonly #options: ParameterKeyOptions;
  #token: IdentityToken | undefined;

  constructor(options: ParameterKeyOptions) {
    this.#options = options;
  }

  async get({ identity }: FulcioParameters, signal: AbortSignal): Promise<IdentityToken> {
    if (identity.mode === 'staticToken') return parseIdentityToken(identity.token);
    const now = this.#options.clock.now();
    if (this.#token && (expiryOf(this.#token) ?? 0) * 1000 > now + MARGIN) return this.#token;
    const { tell, showPage } = this.#options;
    if (identity.mode === 'deviceGrant') {
      const { runDeviceFlow } = await import('./device-flow.ts');
      this.#token = await runDeviceFlow(identity.client, tell, this.#options, signal);
    } else {
      const { runBrowserFlow } = await import('./browser-flow.ts');
      this.#token = await runBrowserFlow(identity.client, showPage, this.#options, signal);
    }
    return this.#token;
  }
}

function endsSoon({ certificate }: SigningKey, { clock }: ServiceOptions): boolean {
  return certificate !== undefined && clock.now() + MARGIN > certificate.validTo;
}

function recorder(
  log: Log,
  { certificate }: SigningKey,
  options: ServiceOptions,
): NonNullable<OpenKey['record']> {
  return async (record, signal) => {
    const entry = await putOnRecord(log, record, options, signal);
    if (certificate) checkTime(entry, certificate);
    return entry;
  };
}

/** A signature counts where the log saw it while the certificate was valid, and nowhere else. */
function checkTime({ integratedTime }: LogEntry, { validFrom, validTo }: SigningCertificate): void {
  const time = integratedTime * 1000;
  if (time >= validFrom && time <= validTo) return;
  throw new OcipushError(
    'SIGNING_FAILED',
    'the log put the signature on record when the certificate was not valid',
    { origin: 'config', hint: 'check the clocks of Fulcio and Rekor', retryable: true },
  );
}
