/** Brings single blobs from the source to the destination, in the form that the plan wants. */
import {
  measured,
  type BlobIdentity,
  type BlobProduction,
  type BlobUpload,
  type StoredBlob,
} from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestOf, verified } from '../image/digest.ts';
import { wrapError } from '../errors.ts';
import { single, type ByteStream } from '../io/bytes.ts';
import { decompress } from '../transforms/decompress.ts';
import { gzip, gzipCodec } from '../transforms/gzip.ts';
import type { ImagePlan, LayerPlan } from './plan.ts';
import type { PushSession } from './session.ts';

/** @throws OcipushError of reading, of recoding or of the destination */
export async function storeLayer(session: PushSession, layer: LayerPlan): Promise<BlobIdentity> {
  if (layer.action === 'refer') return layer.descriptor;
  return storeOnce(session, 'layer', layer, () => uploadOf(session, layer));
}

/** @throws OcipushError of reading or of the destination */
export async function storeConfig(session: PushSession, plan: ImagePlan): Promise<BlobIdentity> {
  const { config, newConfig } = plan;
  const blob = asIs(config);
  return storeOnce(session, 'config', blob, () =>
    newConfig ? uploadOfBytes(config, newConfig) : uploadOf(session, blob),
  );
}

/** What a layer became in an earlier push; a hint, which only the destination can confirm. */
export function rememberedLayer(session: PushSession, layer: LayerPlan): BlobIdentity | undefined {
  const { descriptor, action } = layer;
  if (action === 'copy' || action === 'refer') return descriptor;
  return session.cache.recoded(descriptor.digest, codecOf(session, layer));
}

/** Names the productions that storing an image may take, for those who share them. */
export function productionKeys(session: PushSession, plan: ImagePlan): readonly string[] {
  const layers = plan.layers.filter(({ action }) => action !== 'refer');
  return [...layers, asIs(plan.config)].map((blob) => productionKey(session, blob));
}

function productionKey(session: PushSession, layer: LayerPlan): string {
  return `${layer.descriptor.digest} ${codecOf(session, layer)}`;
}

/** Names what decides the bytes that come of a layer, apart from those of the layer itself. */
function codecOf(session: PushSession, { action }: LayerPlan): string {
  return action === 'gzip' ? gzipCodec(session.options.compressionLevel) : action;
}

/** A config goes the way of a layer that nobody recodes. */
function asIs(descriptor: Descriptor): LayerPlan {
  return { descriptor, compression: 'none', action: 'copy' };
}

async function storeOnce(
  session: PushSession,
  role: 'layer' | 'config',
  blob: LayerPlan,
  upload: () => BlobUpload,
): Promise<StoredBlob> {
  // What is stored in two forms, as a layer and as part of an artifact say, is two blobs.
  const key = productionKey(session, blob);
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
  blob: LayerPlan,
  upload: BlobUpload,
): Promise<StoredBlob> {
  const { digest, size } = blob.descriptor;
  session.progress.event({ kind: 'blob-start', role, digest, size });
  try {
    const stored = await session.destination.putBlob(upload);
    session.progress.event({ kind: 'blob-done', digest, stored });
    return stored;
  } catch (error) {
    const attempt = role === 'config' ? 'writing config' : 'writing blob';
    const failure = wrapError(error, attempt, { code: 'BLOB_UNKNOWN' });
    // Here and not later, for the next blob in the queue begins at once.
    session.fail(failure);
    throw failure;
  } finally {
    session.share.leave(productionKey(session, blob));
  }
}

function uploadOf(session: PushSession, layer: LayerPlan): BlobUpload {
  const { descriptor, action } = layer;
  const remembered = rememberedLayer(session, layer);
  const produce = producer(session, layer);
  return {
    mediaType: descriptor.mediaType,
    candidates: remembered ? [remembered] : [],
    origin: action === 'copy' ? session.source.origin : undefined,
    identity: action === 'copy' ? descriptor : undefined,
    open: () => session.share.open(productionKey(session, layer), produce),
  };
}

function uploadOfBytes({ mediaType }: Descriptor, bytes: Uint8Array): BlobUpload {
  const identity = { digest: digestOf(bytes), size: bytes.length };
  const open = (): BlobProduction => ({ stream: single(bytes), result: () => identity });
  return { mediaType, candidates: [identity], identity, open };
}

/** Begins to produce what is to be stored of a layer, at every call anew. */
function producer(session: PushSession, layer: LayerPlan): () => BlobProduction {
  const { blocks, options } = session;
  const { descriptor, compression } = layer;
  const read = sourceReader(session, descriptor);
  switch (layer.action) {
    case 'gzip':
      return () =>
        remembering(
          session,
          layer,
          measured(gzip(read(), { level: options.compressionLevel, blocks })),
        );
    case 'decompress':
      return () => remembering(session, layer, measured(decompress(read(), compression)));
    case 'copy':
    case 'refer':
      return () => ({ stream: read(), result: () => descriptor });
  }
}

function remembering(
  session: PushSession,
  layer: LayerPlan,
  { stream, result }: BlobProduction,
): BlobProduction {
  return {
    stream,
    result: () => {
      const identity = result();
      void session.cache.remember(layer.descriptor.digest, codecOf(session, layer), identity);
      return identity;
    },
  };
}

/** Begins to read a blob at every call, checks it on the way, and reports how far it has come. */
function sourceReader(session: PushSession, source: Descriptor): () => ByteStream {
  let reported = 0;
  const report = (count: number): void => {
    reported += count;
    session.progress.event({ kind: 'blob-bytes', digest: source.digest, count });
  };
  return async function* read(): ByteStream {
    if (reported > 0) report(-reported);
    for await (const chunk of verified(session.source.getBlob(source), source)) {
      yield chunk;
      report(chunk.length);
    }
  };
}
