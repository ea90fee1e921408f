/** Brings along the signatures that an image has at its source. */
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { Signature } from '../image/signature.ts';
import { OcipushError } from '../errors.ts';
import type { RawManifest } from '../transports/transport.ts';
import type { PushSession } from './session.ts';

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
  if (signatures.length === 0 || destination.signatures) return signatures;
  throw new OcipushError(
    'UNSUPPORTED',
    `Can not copy signatures to ${destination.reference.toString()}: storing signatures is not supported`,
    { origin: 'destination', hint: 'push without them: --remove-signatures' },
  );
}

/** @throws OcipushError of the destination */
export async function storeSignatures(
  { destination, progress }: PushSession,
  signatures: Signatures,
  manifest: RawManifest,
  instance?: Digest,
): Promise<void> {
  if (signatures.length === 0) return;
  progress.event({ kind: 'storing-signatures' });
  await destination.signatures?.put(signatures, manifest, instance);
}
