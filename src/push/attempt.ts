/** One attempt to bring the image to one destination, and the straight way through it. */
import { OcipushError, wrapError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { isListType } from '../image/media-types.ts';
import type { ByteStream } from '../io/bytes.ts';
import { createLimiter } from '../io/limiter.ts';
import type {
  DestinationReference,
  ImageDestination,
  ImageSource,
  RawManifest,
  TransportContext,
} from '../transports/transport.ts';
import type { BlobCache } from './blob-cache.ts';
import { announcementOf, productionKeys } from './blobs.ts';
import type { LayerSeals } from './layer-seals.ts';
import {
  digestsIn,
  imagesIn,
  predictManifest,
  prepareManifest,
  pushManifest,
  signaturesIn,
  signManifest,
  unpushedIn,
  type PlannedManifest,
} from './manifests.ts';
import { checkOverwrite, findOccupants, isNamed } from './overwrite.ts';
import type { PushedImage, PushOptions, PushResult } from './options.ts';
import { previewPush } from './preview.ts';
import type { ProductionShare } from './production-pool.ts';
import type { ProgressSink } from './progress.ts';
import { checkReferrers, copyReferrers, findReferrers } from './referrers.ts';
import type { PushSession } from './session.ts';
import { checkSignatures, isSigned } from './signatures.ts';
import { readTop } from './top.ts';
import { checkExpected } from './write-manifest.ts';

/** What the push to one destination has in hand. */
export interface PushPart {
  readonly source: ImageSource;
  readonly destination: DestinationReference;
  readonly options: PushOptions;
  readonly context: TransportContext;
  readonly progress: ProgressSink;
  readonly cache: BlobCache;
  readonly share: ProductionShare;
  /** The keys of layers that are encrypted, the same for all destinations. */
  readonly seals: LayerSeals | undefined;
}

/** What goes wrong with one blob ends the others; when this ends, they have. */
export async function attemptPush(part: PushPart): Promise<PushResult> {
  const failure = new AbortController();
  const signal = AbortSignal.any([part.context.signal, failure.signal]);
  // At once, for others may be waiting for what this one will never take.
  const retire = (): void => part.share.retire();
  signal.addEventListener('abort', retire);
  try {
    return await pushPart({ ...part, context: { ...part.context, signal } }, failure);
  } finally {
    // Node keeps a signal of signals for as long as anybody listens to it.
    signal.removeEventListener('abort', retire);
  }
}

async function pushPart(part: PushPart, failure: AbortController): Promise<PushResult> {
  await using destination = await openDestination(part);
  checkWishes(destination, part.options);
  checkReferrers(part.source, destination, part.options);
  const { resolvedName } = part.source;
  if (resolvedName) destination.addSourceName?.(resolvedName);
  const fail = (error: unknown): void => failure.abort(error);
  const session = newSession(part, destination, fail);
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
  const top = await readTop(session);
  if (!options.removeSignatures) {
    const of = isListType(top.raw.mediaType) ? 'list' : 'image';
    progress.event({ kind: 'reading-signatures', of });
  }
  const planned = await prepareManifest(session, { ...top, wishes: options });
  const carried = signaturesIn(planned);
  await checkSignatures(session, carried);
  const plans = imagesIn(planned).map(({ plan }) => plan);
  session.share.expect(plans.flatMap((plan) => productionKeys(plan)));
  const predicted = predictManifest(planned);
  if (predicted) checkExpected(session, predicted);
  destination.announce?.(announcementOf(session, plans));
  const current = await findOccupants(session);
  if (predicted) checkOverwrite(session, predicted);
  const willBeSigned = isSigned(session, carried);
  // Signatures may be others than when the image was written.
  const staysThere = !willBeSigned || destination.signatures?.place === 'apart';
  const isThere = predicted !== undefined && predicted.digest === current && staysThere;
  if (options.dryRun) return previewPush(session, planned, predicted, isThere);
  const referrers = await findReferrers(session, digestsIn(planned));
  if (isThere && (await isIntact(session, planned, predicted))) {
    progress.event({ kind: 'unchanged', digest: predicted.digest });
    if (willBeSigned || options.tags.length > 0 || referrers.length > 0) {
      await destination.begin();
      await signManifest(session, planned);
      await copyReferrers(session, referrers);
      await finish(session, predicted);
      await verify(session, planned, predicted, options.tags);
    }
    return resultOf(session, planned, predicted, 'unchanged');
  }
  await destination.begin();
  progress.event({ kind: 'blob-total', ...blobsIn(planned) });
  const manifest = await pushManifest(session, planned);
  await copyReferrers(session, referrers);
  await finish(session, manifest);
  await verify(session, planned, manifest, options.tags);
  return resultOf(session, planned, manifest, 'pushed');
}

async function verify(
  { destination, options }: PushSession,
  planned: PlannedManifest,
  manifest: RawManifest,
  tags: readonly string[],
): Promise<void> {
  if (!options.verify) return;
  await destination.verify?.(manifest, { tags, absent: new Set(unpushedIn(planned)) });
}

/** What a destination has lost is pushed again by whoever asks for that to be found. */
async function isIntact(
  session: PushSession,
  planned: PlannedManifest,
  manifest: RawManifest,
): Promise<boolean> {
  try {
    await verify(session, planned, manifest, []);
    return true;
  } catch (error) {
    if (error instanceof OcipushError && error.code === 'VERIFICATION_FAILED') return false;
    throw error;
  }
}

/** Each blob once, whatever is to become of it. */
function blobsIn(planned: PlannedManifest): { readonly count: number; readonly size: number } {
  const blobs = imagesIn(planned).flatMap(({ plan: { layers, manifest } }) => [
    ...layers.filter(({ action }) => action !== 'refer').map(({ descriptor }) => descriptor),
    manifest.config,
  ]);
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  return { count: sizes.size, size: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}

/** Sets the further tags, and makes all of it visible. */
async function finish(session: PushSession, manifest: RawManifest): Promise<void> {
  const { destination, options } = session;
  for (const tag of options.tags) {
    if (isNamed(session, manifest, tag)) continue;
    await destination.putTag?.(manifest, tag).catch((error: unknown) => {
      throw wrapError(error, `tagging the image ${tag}`, {
        code: 'MANIFEST_REJECTED',
        origin: 'destination',
      });
    });
  }
  await destination.commit().catch((error: unknown) => {
    throw wrapError(error, 'committing the finished image', {
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
    });
  });
}

/** What must not be left out silently where the destination cannot do it. */
const WISHES = [
  {
    flag: '--tag',
    isWished: ({ tags }: PushOptions) => tags.length > 0,
    needs: 'putTag',
    lack: 'takes no further tags',
  },
  {
    flag: '--no-overwrite',
    isWished: ({ noOverwrite }: PushOptions) => noOverwrite,
    needs: 'digestOf',
    lack: 'does not say for certain what it has',
  },
  {
    flag: '--verify',
    isWished: ({ verify: isWished }: PushOptions) => isWished,
    needs: 'verify',
    lack: 'cannot be asked for what was pushed',
  },
] as const;

/** @throws OcipushError UNSUPPORTED */
function checkWishes(destination: ImageDestination, options: PushOptions): void {
  const unmet = WISHES.find(({ isWished, needs }) => isWished(options) && !(needs in destination));
  if (unmet === undefined) return;
  throw new OcipushError('UNSUPPORTED', `${destination.reference.toString()} ${unmet.lack}`, {
    origin: 'usage',
    hint: `leave out ${unmet.flag} for this destination`,
  });
}

function newSession(
  part: PushPart,
  destination: ImageDestination,
  fail: PushSession['fail'],
): PushSession {
  const { source, options, progress, cache, share, seals } = part;
  const { signal, registry } = part.context;
  // Few images have foreign layers, and the HTTP client takes its time to load.
  async function* fetchForeign(descriptor: Descriptor): ByteStream {
    const { readForeign } = await import('../registry/foreign.ts');
    yield* readForeign(descriptor, registry, signal);
  }
  const blobs = createLimiter(options.jobs);
  const given = { source, destination, options, progress, cache, share, seals };
  const memory = { stored: new Map(), sendAgain: new Map(), occupied: new Map() };
  const results = { reports: [], signatures: [] };
  return { ...given, ...memory, ...results, fetchForeign, signal, fail, blobs };
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
  { destination, reports, signatures }: PushSession,
  planned: PlannedManifest,
  { digest, mediaType, bytes }: RawManifest,
  status: PushedImage['status'],
): PushedImage {
  const reference = destination.reference.toString();
  const { repository } = destination;
  const order = imagesIn(planned).flatMap(({ plan: { layers, manifest } }) =>
    [...layers.map(({ descriptor }) => descriptor), manifest.config].map((blob) => blob.digest),
  );
  // They were done with in any order; what is not in the plan, an empty layer say, comes first.
  const blobs = reports.toSorted(
    (left, right) => order.indexOf(left.descriptor.digest) - order.indexOf(right.descriptor.digest),
  );
  return {
    status,
    digest,
    mediaType,
    size: bytes.length,
    reference,
    repository,
    blobs,
    signatures,
  };
}
