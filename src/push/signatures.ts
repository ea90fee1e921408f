/** Brings along the signatures that an image has at its source. */
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { OcipushError } from '../errors.ts';
import type { PushSession } from './session.ts';

export type Signatures = readonly Uint8Array[];

/**
 * The signatures of the image, or of one instance of a list; none where they are to be left behind.
 * @throws OcipushError UNSUPPORTED when there are any, and the destination cannot hold them
 */
export async function readSignatures(
  { source, destination, options }: PushSession,
  instance?: Descriptor,
): Promise<Signatures> {
  if (options.removeSignatures) return [];
  const signatures = (await source.getSignatures?.(instance)) ?? [];
  if (signatures.length === 0 || destination.putSignatures) return signatures;
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
  instance?: Digest,
): Promise<void> {
  if (signatures.length === 0) return;
  progress.event({ kind: 'storing-signatures' });
  await destination.putSignatures?.(signatures, instance);
}
