/** Goes on in a blob that is produced once more, having made sure that it is the same. */
import type { BlobIdentity } from '../image/blob.ts';
import { digestAlgorithm, RunningDigest } from '../image/digest.ts';
import { OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';

/**
 * The bytes from `offset` on.
 * @param before what the first bytes came to the last time; at least as many as are skipped
 * @throws OcipushError DIGEST_MISMATCH when they are others this time
 */
export async function* sameBytesFrom(
  stream: ByteStream,
  offset: number,
  before: BlobIdentity,
): ByteStream {
  const running = new RunningDigest(digestAlgorithm(before.digest));
  let position = 0;
  for await (const chunk of stream) {
    const due = before.size - running.size;
    if (due > 0) {
      running.update(chunk.subarray(0, due));
      if (running.size === before.size) check(running, before);
    }
    const part = chunk.subarray(Math.max(0, offset - position));
    position += chunk.length;
    if (part.length > 0) yield part;
  }
  check(running, before);
}

function check(running: RunningDigest, before: BlobIdentity): void {
  const { digest, size } = running.identity();
  if (digest === before.digest && size === before.size) return;
  throw new OcipushError(
    'DIGEST_MISMATCH',
    `reading the blob again: its first ${before.size} bytes are others than before`,
    {
      origin: 'source',
      hint: 'push again when nothing changes the source any more',
      // From the start all of it will be of one piece.
      retryable: true,
    },
  );
}
