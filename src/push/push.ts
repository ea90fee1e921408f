/** A push from the first byte read to the last one written: the straight line through the engine. */
import { availableParallelism } from 'node:os';
import type { StoredBlob } from '../image/blob.ts';
import { OcipushError, wrapError } from '../errors.ts';
import { formatReference, withDefaultTag } from '../image/docker-reference.ts';
import { isListType } from '../image/media-types.ts';
import { createLimiter, type Limiter } from '../io/limiter.ts';
import { parseDestinationReference } from '../transports/references.ts';
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
import {
  expectedProductions,
  predictManifest,
  prepareManifest,
  storeContents,
  writeManifest,
} from './manifests.ts';
import type { PushOptions, PushResult } from './options.ts';
import { ProductionPool, type ProductionShare } from './production-pool.ts';
import type { ProgressSink } from './progress.ts';
import { abortion, withPushRetry } from './retry.ts';
import type { PushSession } from './session.ts';

export interface PushRequest {
  readonly source: SourceReference;
  /** Empty: the registry and repository that the image's own name in its storage says. */
  readonly destinations: readonly DestinationReference[];
  readonly options: PushOptions;
  readonly context: TransportContext;
  readonly progress: ProgressSink;
  readonly cache: BlobCache;
}

/** What became of one destination. */
export type PushOutcome = PromiseSettledResult<PushResult> & {
  /** The destination as it can be typed again. */
  readonly reference: string;
};

/**
 * Copies an image, or a list with all its instances, to each of the destinations. What they need in
 * the same form is read, compressed and hashed once for all; the failure of one leaves the others.
 * @returns what became of each destination, in their order
 * @throws OcipushError when the source cannot be opened, or the options make no sense
 */
export async function push(request: PushRequest): Promise<readonly PushOutcome[]> {
  checkGzipLevel(request.options.compressionLevel);
  await using source = await openSource(request);
  const destinations =
    request.destinations.length > 0
      ? request.destinations
      : [await ownDestination(source, request.progress)];
  const pool = new ProductionPool();
  const blocks = createLimiter(availableParallelism());
  const parts = destinations.map((destination, index) => {
    const progress = index === 0 ? request.progress : onlyProblems(request.progress);
    return { ...request, source, destination, share: pool.join(), blocks, progress };
  });
  const outcomes = await Promise.allSettled(parts.map(async (part) => pushTo(part)));
  return outcomes.map((outcome, index) => ({
    ...outcome,
    reference: String(destinations[index]?.toString()),
  }));
}

/** podman documents that an image without a destination goes to where its name says. */
async function ownDestination(
  { reference, resolvedName }: ImageSource,
  progress: ProgressSink,
): Promise<DestinationReference> {
  if (resolvedName === undefined) {
    throw new OcipushError('USAGE', `no destination for ${reference.toString()}`, {
      origin: 'usage',
      hint: 'say where it goes, such as docker://registry.example.com/name:tag',
    });
  }
  const text = `docker://${formatReference(withDefaultTag(resolvedName))}`;
  progress.event({ kind: 'default-destination', reference: text });
  return parseDestinationReference(text);
}

/** All destinations go through the same steps at the same pace: one of them is enough to watch. */
function onlyProblems(progress: ProgressSink): ProgressSink {
  return {
    event: (event) => {
      if (event.kind === 'retry' || event.kind === 'warning') progress.event(event);
    },
  };
}

/** What one destination's push has of the whole. */
interface PushPart extends Omit<PushRequest, 'source' | 'destinations'> {
  readonly source: ImageSource;
  readonly destination: DestinationReference;
  readonly share: ProductionShare;
  readonly blocks: Limiter;
}

/** A repetition shares nothing: the others have gone on meanwhile. */
async function pushTo(part: PushPart): Promise<PushResult> {
  const { options, progress, context } = part;
  let { share } = part;
  const retry = { options, progress, clock: context.registry.clock, signal: context.signal };
  return withPushRetry(retry, async () => {
    try {
      return await attemptPush({ ...part, share });
    } finally {
      share.retire();
      share = new ProductionPool().join();
    }
  });
}

/** What goes wrong with one blob ends the others; when this ends, they have. */
async function attemptPush(part: PushPart): Promise<PushResult> {
  const failure = new AbortController();
  const signal = AbortSignal.any([part.context.signal, failure.signal]);
  const context = { ...part.context, signal };
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
  await destination.commit();
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

async function openSource({ source, context }: PushRequest): Promise<ImageSource> {
  return source.openSource(context).catch((error: unknown) => {
    if (context.signal.aborted) throw abortion(context.signal);
    throw wrapError(error, `initializing source ${source.toString()}`, {
      code: 'FILE_UNREADABLE',
      origin: 'source',
    });
  });
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
