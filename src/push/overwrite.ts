/** Keeps names at a destination that stand for one image from coming to stand for another. */
import type { Digest } from '../image/digest.ts';
import { OcipushError } from '../errors.ts';
import type { RawManifest } from '../transports/transport.ts';
import type { PushSession } from './session.ts';

/**
 * The digest that the destination's name stands for now. Where nothing may be overwritten, all names
 * of the image are asked for, and noted in the session.
 * @throws OcipushError when the destination does not say
 */
export async function findOccupants(session: PushSession): Promise<Digest | undefined> {
  const { destination, options, occupied } = session;
  if (!options.noOverwrite) return destination.currentDigest();
  const names = [undefined, ...options.tags];
  const digests = await Promise.all(names.map(async (name) => destination.digestOf?.(name)));
  for (const [index, digest] of digests.entries()) {
    if (digest !== undefined) occupied.set(names[index] ?? ITSELF, digest);
  }
  return occupied.get(ITSELF);
}

/**
 * Registries do not compare and write in one step: what somebody else pushes between this and the
 * manifest is overwritten all the same.
 * @throws OcipushError TAG_EXISTS when a name stands for another image
 */
export function checkOverwrite(
  { destination, occupied }: PushSession,
  manifest: RawManifest,
): void {
  for (const [name, digest] of occupied) {
    if (digest === manifest.digest) continue;
    const reference = destination.reference.toString();
    const what = name === ITSELF ? reference : `tag ${name} beside ${reference}`;
    throw new OcipushError(
      'TAG_EXISTS',
      `${what} stands for ${digest} already, and not for ${manifest.digest}`,
      {
        origin: 'destination',
        hint: 'push under another tag, or leave out --no-overwrite',
        context: { digest, pushed: manifest.digest },
      },
    );
  }
}

/** Whether a name, or a further tag, is known to stand for just this already. */
export function isNamed({ occupied }: PushSession, { digest }: RawManifest, tag = ITSELF): boolean {
  return occupied.get(tag) === digest;
}

/** The name in the reference of the destination; no tag is empty. */
const ITSELF = '';
