/** Brings single blobs from the source to the destination, in the form that the plan wants. */
import {
  measured,
  type BlobIdentity,
  type BlobProduction,
  type BlobUpload,
  type StoredBlob,
} from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { verified } from '../image/digest.ts';
import { wrapError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { gzip, gzipCodec } from '../transforms/gzip.ts';
import type { LayerPlan } from './plan.ts';
import type { PushSession } from './session.ts';

/** @throws OcipushError of reading, of compressing or of the destination */
export function storeLayer(session: PushSession, plan: LayerPlan): Promise<BlobIdentity> {
  const { source } = plan;
  switch (plan.action) {
    case 'refer':
      return Promise.resolve(source);
    case 'copy':
      return storeOnce(session, source, 'layer', () => copyOf(session, source));
    case 'gzip':
      return storeOnce(session, source, 'layer', () => gzipOf(session, plan));
  }
}

/** @throws OcipushError of reading or of the destination */
export function storeConfig(session: PushSession, config: Descriptor): Promise<BlobIdentity> {
  return storeOnce(session, config, 'config', () => copyOf(session, config));
}

/** What a layer became in an earlier push; a hint, which only the destination can confirm. */
export function rememberedLayer(session: PushSession, plan: LayerPlan): BlobIdentity | undefined {
  if (plan.action !== 'gzip') return plan.source;
  return session.cache.compressed(plan.source.digest, codecOf(session));
}

function codecOf(session: PushSession): string {
  return gzipCodec(session.options.compressionLevel);
}

function storeOnce(
  session: PushSession,
  source: Descriptor,
  role: 'layer' | 'config',
  upload: () => BlobUpload,
): Promise<StoredBlob> {
  const { digest, size } = source;
  const { progress, stored } = session;
  const running = stored.get(digest);
  if (running) return running;
  const storing = session.blobs(async () => {
    progress.event({ kind: 'blob-start', role, digest, size });
    const blob = await session.destination.putBlob(upload()).catch((error: unknown) => {
      throw wrapError(error, role === 'config' ? 'writing config' : 'writing blob', {
        code: 'BLOB_UNKNOWN',
      });
    });
    progress.event({ kind: 'blob-done', digest, stored: blob });
    return blob;
  });
  stored.set(digest, storing);
  return storing;
}

function copyOf(session: PushSession, source: Descriptor): BlobUpload {
  const read = sourceReader(session, source);
  return {
    mediaType: source.mediaType,
    candidates: [source],
    identity: source,
    open: () => ({ stream: read(), result: () => source }),
  };
}

function gzipOf(session: PushSession, plan: LayerPlan): BlobUpload {
  const { blocks, cache, options } = session;
  const { digest } = plan.source;
  const read = sourceReader(session, plan.source);
  const known = rememberedLayer(session, plan);
  return {
    mediaType: plan.mediaType,
    candidates: known ? [known] : [],
    open: (): BlobProduction => {
      const compressed = measured(gzip(read(), { level: options.compressionLevel, blocks }));
      return {
        stream: compressed.stream,
        result: () => {
          const identity = compressed.result();
          void cache.remember(digest, codecOf(session), identity);
          return identity;
        },
      };
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
