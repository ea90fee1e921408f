/** What keeps a layer from being written as zstd:chunked, while plain zstd can carry it. */
import { OcipushError } from '../../errors.ts';

const FORMAT = 'zstd:chunked';

/** The error of a layer that the format cannot carry; `reason` says what of it. */
export function chunkedObstacle(reason: string): OcipushError {
  return new OcipushError('UNSUPPORTED', `${FORMAT}: ${reason}`, {
    origin: 'source',
    hint: 'such a layer can be compressed with zstd',
    context: { format: FORMAT },
  });
}

/**
 * Whether an error, or what it was wrapped around, says that a layer cannot be zstd:chunked: who
 * gets it begins that layer anew with plain zstd.
 */
export function isChunkedObstacle(error: unknown): boolean {
  if (!(error instanceof OcipushError)) return false;
  return error.code === 'UNSUPPORTED' && error.context['format'] === FORMAT;
}
