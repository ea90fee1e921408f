/** One attempt to bring the image to one destination, and the straight way through it. */
import type { StoredBlob } from '../image/blob.ts';
import { OcipushError, wrapError } from '../errors.ts';
import { isListType } from '../image/media-types.ts';
import { createLimiter, type Limiter } from '../io/limiter.ts';
import type {
  DestinationReference,
  ImageDestination,
  ImageSource,
  RawManifest,
  TransportContext,
} from '../transports/transport.ts';
import type { BlobCache } from './blob-cache.ts';
import { checkSignatures } from './image.ts';
import {
  expectedProductions,
  predictManifest,
  prepareManifest,
  storeContents,
  writeManifest,
} from './manifests.ts';
import type { PushOptions, PushResult } from './options.ts';
import type { ProductionShare } from './production-pool.ts';
import type { ProgressSink } from './progress.ts';
import type { PushSession } from './session.ts';

/** What the push to one destination has in hand. */
export interface PushPart {
  readonly source: ImageSource;
  readonly destination: DestinationReference;
  readonly options: PushOptions;
  readonly context: TransportContext;
  readonly progress: ProgressSink;
  readonly cache: BlobCache;
  readonly share: ProductionShare;
  /** Bounds the blocks being compressed, over all destinations. */
  readonly blocks: Limiter;
}

/** What goes wrong with one blob ends the others; when this ends, they have. */
export async function attemptPush(part: PushPart): Promise<PushResult> {
  const failure = new AbortController();
  const signal = AbortSignal.any([part.context.signal, failure.signal]);
  const context = { ...part.context, signal };
  // At once, for others may be waiting for what this one will never take.
  signal.addEventListener('abort', () => part.share.retire(), { once: true });
  await using destination = await openDestination({ ...part, context });
  const fail = (error: unknown): void => failure.abort(error);
  const session = newSession({ ...part, context }, destination, fail);
  try {
    return await copyImage(session);
  } catch (error) {
    fail(error);
    await Promise.allSettled(session.stored.values());
    // The first failure, of which all others are consequences.
    throw failure.signal.reason as Error;
  }
}

async function copyImage(session: PushSession): Promise<PushResult> {
  const { destination, progress, options } = session;
  const raw = await readManifest(session);
  if (!options.removeSignatures) {
    const of = isListType(raw.mediaType) ? 'list' : 'image';
    progress.event({ kind: 'reading-signatures', of });
    await checkSignatures(session);
  }
  const planned = await prepareManifest(session, raw);
  session.share.expect(expectedProductions(session, planned));
  const predicted = predictManifest(session, planned);
  const current = await destination.currentDigest();
  if (predicted !== undefined && predicted.digest === current) {
    progress.event({ kind: 'unchanged', digest: current });
    return resultOf(session, predicted, []);
  }
  const manifest = await storeContents(session, planned);
  await writeManifest(session, manifest);
  await destination.commit().catch((error: unknown) => {
    throw wrapError(error, 'committing the finished image', {
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
    });
  });
  return resultOf(session, manifest, await Promise.all(session.stored.values()));
}

/** A destination that is named by digest takes the image with that digest and no other. */
async function readManifest({ source, destination }: PushSession): Promise<RawManifest> {
  const raw = await source.getManifest().catch((error: unknown) => {
    const attempt = `determining manifest MIME type for ${source.reference.toString()}`;
    throw wrapError(error, attempt, { code: 'MANIFEST_INVALID', origin: 'source' });
  });
  const { requiredDigest } = destination.capabilities;
  if (requiredDigest === undefined || requiredDigest === raw.digest) return raw;
  throw new OcipushError(
    'DIGEST_MISMATCH',
    "Digest of source image's manifest would not match destination reference",
    { origin: 'usage', hint: `the image has the digest ${raw.digest}` },
  );
}

function newSession(
  part: PushPart,
  destination: ImageDestination,
  fail: PushSession['fail'],
): PushSession {
  const { source, options, progress, cache, blocks, share } = part;
  const { signal } = part.context;
  const blobs = createLimiter(options.jobs);
  const stored = new Map<string, Promise<StoredBlob>>();
  const given = { source, destination, options, progress, cache, blocks, share };
  return { ...given, signal, fail, blobs, stored };
}

async function openDestination({ destination, context }: PushPart): Promise<ImageDestination> {
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
