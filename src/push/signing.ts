/** Makes the signatures that a push was asked for. */
import { formatReference } from '../image/docker-reference.ts';
import type { Signature, SignatureFormat } from '../image/signature.ts';
import { OcipushError, wrapError } from '../errors.ts';
import type { RawManifest } from '../transports/transport.ts';
import type { SigningWish, WishedSigner } from './options.ts';
import type { PushSession } from './session.ts';

/**
 * Finds out whether everybody who is to sign can do so, one after the other: they may ask.
 * @throws OcipushError KEY_INVALID, FILE_UNREADABLE, UNSUPPORTED
 */
export async function prepareSigners({ signers }: SigningWish, signal: AbortSignal): Promise<void> {
  for (const { signer } of signers) await signer.prepare(signal);
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

interface SigningTask {
  readonly session: PushSession;
  readonly manifest: RawManifest;
  readonly known: readonly Signature[];
  readonly number: number | undefined;
}

async function signaturesBy(
  { signer, format }: WishedSigner,
  { session, manifest, known, number }: SigningTask,
): Promise<readonly Signature[]> {
  const { progress, signal } = session;
  const identities = signedIdentities(session, format);
  const found: (Signature | undefined)[] = [];
  for (const identity of identities) {
    const recognizes = async (signature: Signature): Promise<boolean> =>
      (await signer.recognizes?.(signature, manifest.digest, identity, signal)) ?? false;
    found.push(await firstWhere(known, recognizes));
  }
  if (found.includes(undefined)) progress.event({ kind: 'creating-signature', format, number });
  const signatures: Signature[] = [];
  for (const [index, identity] of identities.entries()) {
    signatures.push(found[index] ?? (await signer.sign(manifest, identity, signal)));
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
