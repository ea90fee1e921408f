/** Makes the signatures that a push was asked for. */
import type { Digest } from '../image/digest.ts';
import { formatReference } from '../image/docker-reference.ts';
import type { Signature, SignatureFormat } from '../image/signature.ts';
import { OcipushError, wrapError } from '../errors.ts';
import type { RawManifest } from '../transports/transport.ts';
import type { PushOptions, WishedSigner } from './options.ts';
import type { PushSession } from './session.ts';

/**
 * Finds out whether everybody who is to sign can do so, one after the other: they may ask. A dry run
 * leaves no trace.
 * @throws OcipushError KEY_INVALID, FILE_UNREADABLE, UNSUPPORTED
 */
export async function prepareSigners(
  { signing, dryRun }: PushOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const { signer } of signing.signers) {
    if (dryRun && signer.check) await signer.check(signal);
    else await signer.prepare(signal);
  }
}

/** A bundle speaks of a digest alone, and so of the image under all its names. */
const NAMELESS: readonly string[] = [''];

/**
 * The docker references that signatures speak of: every name that the image gets, or the one that
 * was asked for.
 * @throws OcipushError USAGE at a destination where images have no such names
 */
export function signedIdentities(
  { destination, options }: PushSession,
  format: SignatureFormat,
): readonly string[] {
  if (format === 'sigstore-bundle') return NAMELESS;
  const { signing, tags } = options;
  if (signing.identity !== undefined) return [signing.identity];
  const { dockerReference: name } = destination.reference;
  if (name === undefined) {
    const place = destination.reference.toString();
    throw new OcipushError(
      'USAGE',
      `Cannot determine canonical Docker reference for destination ${place}`,
      { origin: 'usage', hint: 'say what the image is signed as: --sign-identity HOST/NAME:TAG' },
    );
  }
  const { domain, path } = name;
  return [name, ...tags.map((tag) => ({ domain, path, tag }))].map(formatReference);
}

/**
 * The signatures of everybody who is to sign.
 * @param known of the same manifest; where one of them says what a new one would, it stands in for it
 * @throws OcipushError of a signer
 */
export async function createSignatures(
  session: PushSession,
  manifest: RawManifest,
  known: readonly Signature[],
): Promise<readonly Signature[]> {
  const { signers } = session.options.signing;
  const signatures: Signature[] = [];
  for (const [index, wished] of signers.entries()) {
    const number = signers.length > 1 ? index + 1 : undefined;
    const attempt = `creating signature${number === undefined ? '' : ` ${number}`}`;
    try {
      const made = await signaturesBy(wished, { session, manifest, known, number });
      signatures.push(...made);
    } catch (error) {
      throw wrapError(error, attempt, { code: 'KEY_INVALID', origin: 'config' });
    }
  }
  return signatures;
}

/** A signature that is wanted of a signer, and the one that stands in for it. */
export interface WantedSignature {
  readonly format: SignatureFormat;
  readonly identity: string;
  readonly found: Signature | undefined;
}

/**
 * All signatures that are wanted of a manifest.
 * @param digest undefined where it is not known yet: then nothing can stand in
 * @param known of the same manifest
 * @throws OcipushError of a signer
 */
export async function knownSignatures(
  session: PushSession,
  digest: Digest | undefined,
  known: readonly Signature[],
): Promise<readonly WantedSignature[]> {
  const wanted: WantedSignature[] = [];
  for (const signer of session.options.signing.signers) {
    wanted.push(...(await wantedOf(signer, session, digest, known)));
  }
  return wanted;
}

async function wantedOf(
  { signer, format }: WishedSigner,
  session: PushSession,
  digest: Digest | undefined,
  known: readonly Signature[],
): Promise<readonly WantedSignature[]> {
  const wanted: WantedSignature[] = [];
  for (const identity of signedIdentities(session, format)) {
    const recognizes = async (signature: Signature): Promise<boolean> =>
      (digest && (await signer.recognizes?.(signature, digest, identity, session.signal))) ?? false;
    wanted.push({ format, identity, found: await firstWhere(known, recognizes) });
  }
  return wanted;
}

interface SigningTask {
  readonly session: PushSession;
  readonly manifest: RawManifest;
  readonly known: readonly Signature[];
  readonly number: number | undefined;
}

async function signaturesBy(
  wished: WishedSigner,
  { session, manifest, known, number }: SigningTask,
): Promise<readonly Signature[]> {
  const { signer, format } = wished;
  const wanted = await wantedOf(wished, session, manifest.digest, known);
  if (wanted.some(({ found }) => found === undefined)) {
    session.progress.event({ kind: 'creating-signature', format, number });
  }
  const signatures: Signature[] = [];
  for (const { found, identity } of wanted) {
    signatures.push(found ?? (await signer.sign(manifest, identity, session.signal)));
  }
  return signatures;
}

async function firstWhere(
  signatures: readonly Signature[],
  fits: (signature: Signature) => Promise<boolean>,
): Promise<Signature | undefined> {
  for (const signature of signatures) if (await fits(signature)) return signature;
  return undefined;
}
