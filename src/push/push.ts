/** A push from the first byte read to the last one written: the straight line through the engine. */
import { availableParallelism } from 'node:os';
import type { StoredBlob } from '../image/blob.ts';
import { OcipushError, wrapError } from '../errors.ts';
import { createLimiter } from '../io/limiter.ts';
import type {
  DestinationReference,
  ImageDestination,
  ImageSource,
  RawManifest,
  SourceReference,
  TransportContext,
} from '../transports/transport.ts';
import { checkGzipLevel } from '../transforms/gzip.ts';
import type { BlobCache } from './blob-cache.ts';
import { checkSignatures } from './image.ts';
import { planManifest, predictManifest, storeContents, writeManifest } from './manifests.ts';
import type { PushOptions, PushResult } from './options.ts';
import type { ProgressSink } from './progress.ts';
import { withPushRetry } from './retry.ts';
import type { PushSession } from './session.ts';

export interface PushRequest {
  readonly source: SourceReference;
  readonly destination: DestinationReference;
  readonly options: PushOptions;
  readonly context: TransportContext;
  readonly progress: ProgressSink;
  readonly cache: BlobCache;
}

/**
 * Copies an image, or a list with all its instances, from one place to another.
 * @throws OcipushError of the last attempt; a manifest is written only after all it names
 */
export async function push(request: PushRequest): Promise<PushResult> {
  const { options, progress, context } = request;
  checkGzipLevel(options.compressionLevel);
  await using source = await openSource(request);
  const retry = { options, progress, clock: context.registry.clock, signal: context.signal };
  return await withPushRetry(retry, () => attemptPush(request, source));
}

async function attemptPush(request: PushRequest, source: ImageSource): Promise<PushResult> {
  await using destination = await openDestination(request);
  const session = newSession(request, source, destination);
  const { progress, options } = session;
  const raw = await readManifest(session);
  if (!options.removeSignatures) {
    progress.event({ kind: 'reading-signatures', of: 'image' });
    await checkSignatures(session);
  }
  const plan = await planManifest(session, raw);
  const predicted = predictManifest(session, plan);
  const current = await destination.currentDigest();
  if (predicted !== undefined && predicted.digest === current) {
    progress.event({ kind: 'unchanged', digest: current });
    return resultOf(session, predicted, []);
  }
  const manifest = await storeContents(session, plan);
  await writeManifest(session, plan, manifest);
  await destination.commit();
  return resultOf(session, manifest, await Promise.all(session.stored.values()));
}

/** A destination that is named by digest takes the image with that digest and no other. */
async function readManifest({ source, destination }: PushSession): Promise<RawManifest> {
  const raw = await source.getManifest();
  const { requiredDigest } = destination.capabilities;
  if (requiredDigest === undefined || requiredDigest === raw.digest) return raw;
  throw new OcipushError(
    'DIGEST_MISMATCH',
    "Digest of source image's manifest would not match destination reference",
    { origin: 'usage', hint: `the image has the digest ${raw.digest}` },
  );
}

function newSession(
  request: PushRequest,
  source: ImageSource,
  destination: ImageDestination,
): PushSession {
  const { options, progress, cache } = request;
  return {
    source,
    destination,
    options,
    progress,
    cache,
    blobs: createLimiter(options.jobs),
    blocks: createLimiter(availableParallelism()),
    stored: new Map(),
  };
}

async function openSource({ source, context }: PushRequest): Promise<ImageSource> {
  return source.openSource(context).catch((error: unknown) => {
    throw wrapError(error, `initializing source ${source.toString()}`, {
      code: 'SOURCE_NOT_FOUND',
      origin: 'source',
    });
  });
}

async function openDestination(request: PushRequest): Promise<ImageDestination> {
  const { destination, context } = request;
  return destination.openDestination(context).catch((error: unknown) => {
    throw wrapError(error, `initializing destination ${destination.toString()}`, {
      code: 'CONFIG_INVALID',
      origin: 'destination',
    });
  });
}

function resultOf(
  { destination }: PushSession,
  { digest, mediaType, bytes }: RawManifest,
  blobs: readonly StoredBlob[],
): PushResult {
  const reference = destination.reference.toString();
  return { digest, mediaType, size: bytes.length, reference, blobs };
}
