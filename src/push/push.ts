/** A push: one source, its destinations, and what became of each. */
import type { Policy } from '../config/policy.ts';
import { formatReference, withDefaultTag } from '../image/docker-reference.ts';
import { OcipushError, wrapError } from '../errors.ts';
import { parseDestinationReference } from '../transports/references.ts';
import type {
  DestinationReference,
  ImageSource,
  SourceReference,
  TransportContext,
} from '../transports/transport.ts';
import { CODECS } from '../transforms/codecs.ts';
import { checkLevel } from '../transforms/levels.ts';
import { attemptPush, type PushPart } from './attempt.ts';
import type { BlobCache } from './blob-cache.ts';
import { withoutChunking } from './encryption.ts';
import { openLayerSeals } from './layer-seals.ts';
import type { PushOptions, PushResult } from './options.ts';
import { checkPolicy } from './policy-check.ts';
import { ProductionPool } from './production-pool.ts';
import type { ProgressEvent, ProgressSink } from './progress.ts';
import { abortion, withPushRetry } from './retry.ts';
import { prepareSigners } from './signing.ts';

export interface PushRequest {
  readonly source: SourceReference;
  /** Empty: the registry and repository that the image's own name in its storage says. */
  readonly destinations: readonly DestinationReference[];
  readonly options: PushOptions;
  readonly context: TransportContext;
  readonly progress: ProgressSink;
  readonly cache: BlobCache;
  /** Which images may be read at all. */
  readonly policy: Policy;
}

/** What became of one destination. */
export type PushOutcome = PromiseSettledResult<PushResult> & {
  /** The destination as it can be typed again. */
  readonly reference: string;
};

/**
 * Copies an image, or a list with all its instances, to each of the destinations. What they need in
 * the same form is read, compressed and hashed once for all; the failure of one leaves the others.
 * @returns what became of each destination, in their order; names in one archive are one destination
 * @throws OcipushError when the source cannot be opened, or the options make no sense;
 * POLICY_REJECTED when the source must not be pushed, KEY_INVALID when it cannot be signed
 */
export async function push(request: PushRequest): Promise<readonly PushOutcome[]> {
  checkCompression(request.options);
  const { options, seals } = await prepareEncryption(request);
  await using source = await openSource(request);
  checkPolicy(request.policy, source);
  await prepareSigners(request.options, request.context.signal);
  const destinations =
    request.destinations.length > 0
      ? joined(request.destinations)
      : [await ownDestination(source, request.progress)];
  const pool = new ProductionPool();
  const parts = destinations.map((destination, index) => {
    const progress = index === 0 ? request.progress : onlyProblems(request.progress);
    return {
      ...request,
      options,
      source,
      destination,
      share: pool.join(),
      progress,
      seals,
    };
  });
  const outcomes = await Promise.allSettled(parts.map(async (part) => pushTo(part)));
  return outcomes.map((outcome, index) => ({
    ...outcome,
    reference: String(destinations[index]?.toString()),
  }));
}

/** @throws what one destination failed with, or an AggregateError when there were several */
export function throwFailures(outcomes: readonly PushOutcome[]): void {
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [{ ...outcome, reason: outcome.reason as unknown }] : [],
  );
  if (outcomes.length === 1 && failures[0]) throw failures[0].reason;
  if (failures.length === 0) return;
  throw new AggregateError(
    failures.map(({ reference, reason }) =>
      wrapError(reason, `pushing to ${reference}`, { code: 'BLOB_UNKNOWN' }),
    ),
  );
}

/** One destination for all names that lead to one place. */
function joined(destinations: readonly DestinationReference[]): readonly DestinationReference[] {
  return destinations.reduce<readonly DestinationReference[]>((before, destination) => {
    for (const [index, other] of before.entries()) {
      const both = other.join?.(destination);
      if (both) return before.with(index, both);
    }
    return [...before, destination];
  }, []);
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

const PROBLEMS: ReadonlySet<ProgressEvent['kind']> = new Set(['resume', 'retry', 'warning']);

/** All destinations go through the same steps at the same pace: one of them is enough to watch. */
function onlyProblems(progress: ProgressSink): ProgressSink {
  return {
    event: (event) => {
      if (PROBLEMS.has(event.kind)) progress.event(event);
    },
  };
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

/** Before anything is read or asked, for what is wrong with a key is wrong at once. */
async function prepareEncryption({
  options,
  context,
  progress,
}: PushRequest): Promise<Pick<PushPart, 'options' | 'seals'>> {
  const { encryption, compression, addCompression } = options;
  if (encryption === undefined) return { options, seals: undefined };
  const seals = await openLayerSeals(encryption, context);
  if ([compression.format, ...addCompression].includes('zstd:chunked')) {
    // In the reference's words.
    const message =
      'Compression using zstd:chunked is not beneficial for encrypted layers, using plain zstd instead';
    progress.event({ kind: 'warning', message });
  }
  return { options: withoutChunking(options), seals };
}

/** @throws OcipushError USAGE */
function checkCompression({ compression }: PushOptions): void {
  const { format = 'gzip', level } = compression;
  checkLevel(format, level);
  // What a format needs must be there before anything begins.
  CODECS[format].name(level);
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
