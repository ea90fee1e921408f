/** Reads blobs of the source, foreign ones from where they are. */
import type { Descriptor } from '../image/descriptor.ts';
import { OcipushError } from '../errors.ts';
import { slice, type ByteRange, type ByteStream } from '../io/bytes.ts';
import { isForeign } from './layers.ts';
import type { PushSession } from './session.ts';

/**
 * The bytes of a blob, not yet verified. A foreign layer that the source does not have, as is usual,
 * is read from the URLs that it has.
 */
export async function* readSourceBlob(
  { source, fetchForeign }: Pick<PushSession, 'source' | 'fetchForeign'>,
  descriptor: Descriptor,
  range?: ByteRange,
): ByteStream {
  try {
    yield* source.getBlob(descriptor, range);
  } catch (error) {
    const isElsewhere = error instanceof OcipushError && error.code === 'BLOB_UNKNOWN';
    if (!isElsewhere || !isForeign(descriptor)) throw error;
    const whole = fetchForeign(descriptor);
    yield* range === undefined ? whole : slice(whole, range);
  }
}
