/** Brings single blobs from the source to the destination, in the form that the plan wants. */
import type {
  BlobCandidate,
  BlobProduction,
  BlobUpload,
  ProducedBlob,
  StoredBlob,
} from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import type { LayerCompression } from '../image/media-types.ts';
import { messageOf, wrapError } from '../errors.ts';
import { single, type ByteStream } from '../io/bytes.ts';
import type { AnnouncedBlobs } from '../transports/transport.ts';
import { isChunkedObstacle } from '../transforms/zstd-chunked.ts';
import { codecOf, productionKey } from './codec.ts';
import { candidatesOf, formsOf, isOnlyForm, knownForms } from './blob-forms.ts';
import type { LayerPlan } from './layers.ts';
import type { BlobReport } from './options.ts';
import type { FinalLayer, ImagePlan } from './plan.ts';
import { producer } from './production.ts';
import type { PushSession } from './session.ts';

/** @throws OcipushError of reading, of recoding or of the destination */
export async function storeLayer(
  session: PushSession,
  layer: LayerPlan,
  { variants }: Pick<ImagePlan, 'variants'>,
): Promise<FinalLayer> {
  const { descriptor, compression, action, reason } = layer;
  if (action === 'refer') {
    session.reports.push({ role: 'layer', descriptor, action, reason, how: 'referred' });
    return { ...descriptor, compression, annotations: undefined };
  }
  const forms = formsOf(session, layer, variants);
  return storeOnce(session, 'layer', layer, () => uploadOf(session, layer, forms));
}

/**
 * Says what storing a layer would do.
 * @throws OcipushError of the destination
 */
export async function previewLayer(
  session: PushSession,
  layer: LayerPlan,
  { variants }: Pick<ImagePlan, 'variants'>,
): Promise<PreviewedBlob> {
  const { descriptor, action, reason } = layer;
  if (action === 'refer') {
    return { role: 'layer', descriptor, action, reason, how: 'referred', requests: 0 };
  }
  return preview(session, 'layer', layer, formsOf(session, layer, variants));
}

/** @throws OcipushError of the destination */
export async function previewConfig(
  session: PushSession,
  config: Descriptor,
): Promise<PreviewedBlob> {
  const blob = asIs(config);
  return preview(session, 'config', blob, knownForms(session, blob));
}

/** What would happen to a blob, and the requests that it would take. */
export interface PreviewedBlob extends BlobReport {
  readonly requests: number;
}

async function preview(
  session: PushSession,
  role: BlobReport['role'],
  layer: LayerPlan,
  forms: readonly FinalLayer[],
): Promise<PreviewedBlob> {
  const { descriptor, action, reason, isEncrypted } = layer;
  const { blob } = uploadOf(session, layer, forms);
  const { how, requests } = await session.destination.previewBlob(blob);
  // What is uploaded is what is wanted; what is there may be any of the forms.
  const [known] = how === 'uploaded' ? knownForms(session, layer) : forms;
  const isKnown = how === 'uploaded' || isOnlyForm(known, forms);
  const stored = known && isKnown ? { digest: known.digest, size: known.size } : undefined;
  return { role, descriptor, action, isEncrypted, reason, how, stored, requests };
}

/**
 * Stores the config as the source has it.
 * @throws OcipushError of reading or of the destination
 */
export async function storeConfig(session: PushSession, config: Descriptor): Promise<void> {
  const blob = asIs(config);
  await storeOnce(session, 'config', blob, () =>
    uploadOf(session, blob, knownForms(session, blob)),
  );
}

/** Does without the config of the source, for which others may be waiting. */
export function leaveConfig({ share }: PushSession, config: Descriptor): void {
  share.leave(productionKey(asIs(config)));
}

/**
 * Stores bytes that the source does not have, such as a config that was written anew.
 * @throws OcipushError of the destination
 */
export async function storeNewBlob(
  session: PushSession,
  descriptor: Descriptor,
  bytes: Uint8Array,
): Promise<void> {
  await storeOnce(session, 'config', asIs(descriptor), () => uploadOfBytes(descriptor, bytes));
}

/** What a destination can be told of images before anything is asked of it. */
export function announcementOf(session: PushSession, plans: readonly ImagePlan[]): AnnouncedBlobs {
  const places = new Map(
    plans.flatMap((plan) => {
      const layers = plan.layers.filter(({ action }) => action !== 'refer');
      return [...layers, asIs(plan.manifest.config)].map((blob) => [
        productionKey(blob),
        placesOf(session, blob, formsOf(session, blob, plan.variants)),
      ]);
    }),
  );
  const isNew = (candidates: readonly BlobCandidate[]): boolean =>
    !candidates.some(({ digest }) => isRemembered(session, digest));
  const news = [...places.values()].filter(isNew).length;
  return {
    origins: [...places.values()].flat().flatMap(({ origin }) => origin ?? []),
    news: Math.min(news, session.options.jobs),
  };
}

/** Whether the destination had a blob when it was last heard of. */
function isRemembered({ destination, cache }: PushSession, digest: Digest): boolean {
  const { registry, path } = destination.repository ?? {};
  if (registry === undefined || path === undefined) return false;
  return cache.repositories(registry, digest).includes(path);
}

function placesOf(
  session: PushSession,
  { descriptor }: LayerPlan,
  forms: readonly FinalLayer[],
): readonly BlobCandidate[] {
  return forms.flatMap((form) => candidatesOf(session, form, descriptor));
}

/** Names the productions that storing an image may take, for those who share them. */
export function productionKeys(plan: ImagePlan): readonly string[] {
  const layers = plan.layers.filter(({ action }) => action !== 'refer');
  return [...layers, asIs(plan.manifest.config)].map((blob) => productionKey(blob));
}

/** A config goes the way of a layer that nobody recodes. */
function asIs(descriptor: Descriptor): LayerPlan {
  const reason = 'it is no layer';
  const asIt = { compression: 'none', becomes: 'none', level: undefined } as const;
  return { descriptor, ...asIt, action: 'copy', reason };
}

/** What can be uploaded, and what it is known as once that is done. */
interface Upload {
  readonly blob: BlobUpload;
  readonly finish: (stored: StoredBlob) => FinalLayer;
}

async function storeOnce(
  session: PushSession,
  role: 'layer' | 'config',
  blob: LayerPlan,
  upload: () => Upload,
): Promise<FinalLayer> {
  // What is stored in two forms, as a layer and as part of an artifact say, is two blobs.
  const key = productionKey(blob);
  const running = session.stored.get(key);
  if (running) return running;
  const storing = session.blobs(async () => {
    session.signal.throwIfAborted();
    return store(session, role, blob, upload());
  });
  session.stored.set(key, storing);
  return storing;
}

async function store(
  session: PushSession,
  role: 'layer' | 'config',
  layer: LayerPlan,
  { blob, finish }: Upload,
): Promise<FinalLayer> {
  const { descriptor, action, reason, isEncrypted } = layer;
  const { digest, size } = descriptor;
  session.progress.event({ kind: 'blob-start', role, digest, size });
  const begin = performance.now();
  let bytes = 0;
  const count = (taken: number): void => {
    bytes += taken;
    session.progress.event({ kind: 'blob-sent', digest, count: taken });
  };
  try {
    const stored = await session.destination.putBlob(countingTaken(blob, count));
    session.progress.event({ kind: 'blob-done', digest, stored });
    const { how, mountedFrom, ...identity } = stored;
    const transfer = { bytes, milliseconds: Math.round(performance.now() - begin), mountedFrom };
    const report = {
      role,
      descriptor,
      action,
      isEncrypted,
      reason,
      how,
      stored: identity,
      transfer,
    };
    session.reports.push(report);
    session.sendAgain.set(stored.digest, () => sendAgain(session, blob, report));
    const { repository } = session.destination;
    if (repository && !isEncrypted)
      void session.cache.rememberRepository(repository, stored.digest);
    return finish(stored);
  } catch (error) {
    if (isChunkedObstacle(error)) return storePlainZstd(session, layer, error);
    const attempt = role === 'config' ? 'writing config' : 'writing blob';
    const failure = wrapError(error, attempt, { code: 'BLOB_UNKNOWN' });
    // Here and not later, for the next blob in the queue begins at once.
    session.fail(failure);
    throw failure;
  } finally {
    session.share.leave(productionKey(layer));
  }
}

/** Sends a blob that the destination has not got, though it said so. */
async function sendAgain(
  session: PushSession,
  blob: BlobUpload,
  report: BlobReport,
): Promise<void> {
  await session.blobs(() => session.destination.putBlob({ ...blob, candidates: [] }));
  const index = session.reports.findIndex(({ stored }) => stored === report.stored);
  session.reports[index] = { ...report, how: 'uploaded' };
}

/** Reports what is taken of a blob once more is asked for: then it has gone on its way. */
function countingTaken(blob: BlobUpload, report: (count: number) => void): BlobUpload {
  async function* counted(stream: ByteStream): ByteStream {
    for await (const chunk of stream) {
      const { length } = chunk;
      yield chunk;
      report(length);
    }
  }
  return {
    ...blob,
    open: () => {
      const production = blob.open();
      return { ...production, stream: counted(production.stream) };
    },
  };
}

/** Some tars cannot be zstd:chunked, which shows only on the way; readers of zstd take either. */
async function storePlainZstd(
  session: PushSession,
  layer: LayerPlan,
  obstacle: unknown,
): Promise<FinalLayer> {
  const { digest } = layer.descriptor;
  const message = `layer ${digest} becomes plain zstd: ${messageOf(obstacle)}`;
  session.progress.event({ kind: 'warning', message });
  const plain: LayerPlan = { ...layer, action: 'zstd', becomes: 'zstd' };
  const forms = formsOf(session, plain, []);
  const stored = await store(session, 'layer', plain, uploadOf(session, plain, forms));
  // So that the next push knows what it comes to, and need not try again.
  await session.cache.remember(digest, codecOf(layer), stored);
  return stored;
}

function uploadOf(session: PushSession, layer: LayerPlan, forms: readonly FinalLayer[]): Upload {
  const { descriptor, action, becomes, isEncrypted } = layer;
  const produce = producer(session, layer);
  let last: BlobProduction | undefined;
  return {
    blob: {
      source: descriptor.digest,
      mediaType: descriptor.mediaType,
      candidates: placesOf(session, layer, forms),
      identity: action === 'copy' && !isEncrypted ? descriptor : undefined,
      open: () => (last = session.share.open(productionKey(layer), produce)),
    },
    finish: (stored) => {
      // What was just made is known better than what is remembered of it.
      const isMade = action !== 'copy' && stored.how === 'uploaded';
      const known = isMade ? undefined : forms.find(({ digest }) => digest === stored.digest);
      return known ?? asProduced(stored, last?.result(), becomes);
    },
  };
}

function asProduced(
  { digest, size }: StoredBlob,
  result: ProducedBlob | undefined,
  compression: LayerCompression,
): FinalLayer {
  return { digest, size, compression, annotations: result?.annotations };
}

function uploadOfBytes({ digest, mediaType }: Descriptor, bytes: Uint8Array): Upload {
  const identity = { digest: digestOf(bytes), size: bytes.length };
  const open = (): BlobProduction => ({ stream: single(bytes), result: () => identity });
  return {
    blob: { source: digest, mediaType, candidates: [identity], identity, open },
    finish: () => ({ ...identity, compression: 'none' }),
  };
}
