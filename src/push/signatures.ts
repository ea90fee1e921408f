/** Signatures of what is pushed: those that come with it, and those that are made on the way. */
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { encodeSignature, type Signature, type SignatureFormat } from '../image/signature.ts';
import { OcipushError, wrapError } from '../errors.ts';
import type { ImageDestination, RawManifest, SignatureStore } from '../transports/transport.ts';
import type { PushSession } from './session.ts';
import { createSignatures, signedIdentities } from './signing.ts';

export type Signatures = readonly Signature[];

/**
 * The signatures of the image, or of one instance of a list; none where they are to be left behind.
 * @throws OcipushError UNSUPPORTED when there are any, and the destination cannot hold them
 */
export async function readSignatures(
  { source, destination, options }: PushSession,
  manifest: RawManifest,
  instance?: Descriptor,
): Promise<Signatures> {
  if (options.removeSignatures) return [];
  const signatures = (await source.getSignatures?.(manifest, instance)) ?? [];
  if (hasPlaceFor(destination, signatures)) return signatures;
  throw new OcipushError(
    'UNSUPPORTED',
    `Can not copy signatures to ${destination.reference.toString()}: storing signatures is not supported`,
    { origin: 'destination', hint: 'push without them: --remove-signatures' },
  );
}

/**
 * Finds out whether all signatures will have a place and a name to speak of, before anything is
 * written.
 * @param carried those that come with the image and its instances
 * @throws OcipushError UNSUPPORTED, USAGE, or of the destination
 */
export async function checkSignatures(session: PushSession, carried: Signatures): Promise<void> {
  const { destination, options } = session;
  const { signers } = options.signing;
  if (!hasPlaceFor(destination, signers)) throw noPlace(session);
  for (const { format } of signers) signedIdentities(session, format);
  const formats = new Set([...signers, ...carried].map(({ format }) => format));
  if (formats.size === 0) return;
  await destination.signatures?.check([...formats]).catch((error: unknown) => {
    throw storingError(error);
  });
}

/**
 * Signs a manifest, and stores the new signatures after those that came with it.
 * @throws OcipushError of a signer or the destination
 */
export async function storeSignatures(
  session: PushSession,
  carried: Signatures,
  manifest: RawManifest,
  instance?: Digest,
): Promise<void> {
  const { signatures: store } = session.destination;
  if (store === undefined || !isSigned(session, carried)) return;
  const made = await newSignatures(session, store, carried, manifest);
  session.progress.event({ kind: 'storing-signatures' });
  const signatures = new Set([...carried, ...made]);
  await store.put([...signatures], manifest, instance).catch((error: unknown) => {
    throw storingError(error);
  });
  const { digest } = manifest;
  for (const signature of signatures) {
    const { format } = signature;
    session.signatures.push({ digest, format, size: encodeSignature(signature).length });
  }
}

/** Whether signatures are to be stored, those that come along or new ones. */
export function isSigned({ options }: PushSession, carried: Signatures): boolean {
  return carried.length > 0 || options.signing.signers.length > 0;
}

/** A name shows an image to everybody: signatures that stand beside the image come before it. */
export function isNamedLast(session: PushSession, carried: Signatures): boolean {
  return isSigned(session, carried) && session.destination.signatures?.place === 'apart';
}

async function newSignatures(
  session: PushSession,
  store: SignatureStore,
  carried: Signatures,
  manifest: RawManifest,
): Promise<Signatures> {
  const formats = new Set(session.options.signing.signers.map(({ format }) => format));
  if (formats.size === 0) return [];
  const existing = await store.existing(manifest, [...formats]).catch((error: unknown) => {
    throw storingError(error);
  });
  return createSignatures(session, manifest, [...carried, ...existing]);
}

function hasPlaceFor(
  { signatures: store }: ImageDestination,
  wanted: readonly { readonly format: SignatureFormat }[],
): boolean {
  return wanted.every(({ format }) => store?.formats.includes(format));
}

function noPlace({ destination }: PushSession): OcipushError {
  const isPlace = destination.signatures !== undefined;
  return new OcipushError(
    'UNSUPPORTED',
    `writing signatures: ${destination.reference.toString()}: storing ${isPlace ? 'such ' : ''}signatures is not supported`,
    {
      origin: 'usage',
      hint: 'registries take all forms of signatures, dir: all but referrers, named images in OCI layouts referrers alone',
    },
  );
}

function storingError(error: unknown): OcipushError {
  return wrapError(error, 'writing signatures', { code: 'FILE_UNWRITABLE', origin: 'destination' });
}
