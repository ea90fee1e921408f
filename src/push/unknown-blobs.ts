/** Sends blobs again that a destination does not have, though it said that it had. */
import { OcipushError } from '../errors.ts';
import type { PushSession } from './session.ts';

type Session = Pick<PushSession, 'sendAgain' | 'progress'>;

/**
 * Writes what names blobs, and once more whenever it is refused for blobs that were not sent again
 * yet.
 * @throws what writing fails with, or OcipushError of sending
 */
export async function withUnknownBlobs(
  session: Session,
  write: () => Promise<void>,
): Promise<void> {
  const sent = new Set<string>();
  for (;;) {
    try {
      await write();
      return;
    } catch (error) {
      const unknown = unknownBlobs(error).filter((digest) => !sent.has(digest));
      const sends = unknown.flatMap((digest) => session.sendAgain.get(digest) ?? []);
      if (sends.length === 0 || sends.length < unknown.length) throw error;
      for (const digest of unknown) {
        const message = `the registry has lost the blob ${digest}: sending it again`;
        session.progress.event({ kind: 'warning', message });
        sent.add(digest);
      }
      await Promise.all(sends.map((send) => send()));
    }
  }
}

/** Digests, as the registry client puts them into the context of an error. */
function unknownBlobs(error: unknown): readonly string[] {
  const text = error instanceof OcipushError ? error.context['unknownBlobs'] : undefined;
  return typeof text === 'string' ? text.split(' ') : [];
}
