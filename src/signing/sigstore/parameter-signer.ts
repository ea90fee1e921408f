/** Signs for sigstore as a parameter file says: with a key or an identity, and on record or not. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { OcipushError } from '../../errors.ts';
import { passphraseInFile, type AskPassphrase } from '../passphrase.ts';
import { encodePayload, type PayloadStamp } from '../payload.ts';
import type { ShowPage } from './browser-flow.ts';
import { obtainCertificate, type SigningCertificate } from './fulcio.ts';
import { expiryOf, parseIdentityToken, type IdentityToken } from './identity-token.ts';
import type { SigstoreSigner } from './key-signer.ts';
import {
  readParameterFile,
  type FulcioParameters,
  type KeyParameters,
  type SigningParameters,
} from './parameter-file.ts';
import { sigstoreClaim } from './payload.ts';
import { publicPem, readPrivateKey, signBytes } from './private-key.ts';
import { encodeLogBundle, readLogKey, recordSignature, type LogEntry } from './rekor.ts';
import type { ServiceOptions } from './service.ts';
import {
  CERTIFICATE_ANNOTATION,
  CHAIN_ANNOTATION,
  isSignedBy,
  LOG_ANNOTATION,
  sigstoreSignature,
} from './sigstore-signature.ts';

export interface ParameterSignerOptions extends ServiceOptions, Pick<PayloadStamp, 'creator'> {
  /** For a key whose passphrase is in no file. */
  readonly passphrase: AskPassphrase;
  /** The public key of the log, in PEM form, as cosign's SIGSTORE_REKOR_PUBLIC_KEY names it. */
  readonly rekorKeyFile?: string | undefined;
  /** Says to the user what to do. */
  readonly tell: (message: string) => void;
  readonly showPage: ShowPage;
}

/** A key, and the certificate that says whose it is where it is nobody's own. */
interface SigningKey {
  readonly key: KeyObject;
  readonly certificate?: SigningCertificate;
}

interface Preparation {
  readonly parameters: SigningParameters;
  readonly logKey: KeyObject | undefined;
  signingKey: SigningKey;
}

/** Milliseconds: certificates that end so soon are not signed with. */
const MARGIN = 30_000;

export function createSigstoreParameterSigner(
  path: string,
  options: ParameterSignerOptions,
): SigstoreSigner {
  const identities = new IdentityKeeper(options);
  let prepared: Preparation | undefined;
  const prepare = async (signal: AbortSignal): Promise<Preparation> => {
    const parameters = await readParameterFile(path);
    const { rekorKeyFile } = options;
    const logKey = parameters.rekor && rekorKeyFile ? await readLogKey(rekorKeyFile) : undefined;
    const signingKey = await openKey(parameters.key, identities, options, signal);
    return { parameters, logKey, signingKey };
  };
  return {
    name: path,
    prepare: async (signal) => {
      prepared = await prepare(signal);
    },
    sign: async ({ digest }, identity, signal) => {
      const ready = (prepared ??= await prepare(signal));
      if (endsSoon(ready.signingKey, options)) {
        ready.signingKey = await openKey(ready.parameters.key, identities, options, signal);
      }
      const { key, certificate } = ready.signingKey;
      const payload = encodePayload(sigstoreClaim(digest, identity), options);
      const signature = signBytes(key, payload);
      const entry = await record(ready, { payload, signature }, options, signal);
      return sigstoreSignature(payload, signature, {
        ...(entry && { [LOG_ANNOTATION]: encodeLogBundle(entry) }),
        ...(certificate && {
          [CERTIFICATE_ANNOTATION]: certificate.certificate,
          [CHAIN_ANNOTATION]: certificate.chain,
        }),
      });
    },
    recognizes: (signature, digest, identity) => {
      if (prepared === undefined || signature.format !== 'sigstore') return false;
      const { parameters, signingKey } = prepared;
      const isRecorded = parameters.rekor === undefined || LOG_ANNOTATION in signature.annotations;
      return isRecorded && isSignedBy(signingKey.key, signature, sigstoreClaim(digest, identity));
    },
  };
}

async function openKey(
  parameters: KeyParameters | FulcioParameters,
  identities: IdentityKeeper,
  options: ParameterSignerOptions,
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
  readonly #options: ParameterSignerOptions;
  #token: IdentityToken | undefined;

  constructor(options: ParameterSignerOptions) {
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

async function record(
  { parameters, logKey, signingKey: { key, certificate } }: Preparation,
  signed: { readonly payload: Uint8Array; readonly signature: Uint8Array },
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<LogEntry | undefined> {
  if (parameters.rekor === undefined) return undefined;
  const log = { service: parameters.rekor, key: logKey };
  const verifier = certificate?.certificate ?? publicPem(key);
  const entry = await recordSignature(log, { ...signed, verifier }, options, signal);
  if (certificate) checkTime(entry, certificate);
  return entry;
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
