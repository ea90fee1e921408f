/** Produces what is to be stored of a blob: read, checked, recoded and hashed on the way. */
import { measured, type BlobProduction } from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestAlgorithm, RunningDigest, verified } from '../image/digest.ts';
import type { ByteStream } from '../io/bytes.ts';
import { CODECS } from '../transforms/codecs.ts';
import { decompress } from '../transforms/decompress.ts';
import { baseCompression } from '../image/media-types.ts';
import type { LayerPlan } from './layers.ts';
import type { PushSession } from './session.ts';
import { readSourceBlob } from './source-blob.ts';

/** Names what decides the bytes that come of a layer, apart from those of the layer itself. */
export function codecOf({ action, level }: LayerPlan): string {
  const isKept = action === 'copy' || action === 'refer' || action === 'decompress';
  return isKept ? action : CODECS[action].name(level);
}

/** Begins to produce what is to be stored of a layer, at every call anew. */
export function producer(session: PushSession, layer: LayerPlan): () => BlobProduction {
  const { blocks } = session;
  const { descriptor, compression, action, level } = layer;
  const read = sourceReader(session, descriptor);
  if (action === 'copy' || action === 'refer') {
    return () => {
      const running = new RunningDigest(digestAlgorithm(descriptor.digest));
      return {
        stream: read(running),
        result: () => descriptor,
        soFar: () => running.identity(),
      };
    };
  }
  const plain = (): ByteStream => decompress(read(), baseCompression(compression));
  if (action === 'decompress') return () => remembering(session, layer, measured(plain()));
  return () => {
    const { stream, annotations } = CODECS[action].compress(plain(), { level, blocks });
    const production = measured(stream);
    const result = () => ({
      ...production.result(),
      ...(annotations && { annotations: annotations() }),
    });
    return remembering(session, layer, { ...production, result });
  };
}

function remembering(
  session: PushSession,
  layer: LayerPlan,
  production: BlobProduction,
): BlobProduction {
  return {
    ...production,
    result: () => {
      const produced = production.result();
      void session.cache.remember(layer.descriptor.digest, codecOf(layer), produced);
      return produced;
    },
  };
}

/** Begins to read a blob at every call, checks it on the way, and reports how far it has come. */
function sourceReader(
  session: PushSession,
  source: Descriptor,
): (running?: RunningDigest) => ByteStream {
  let reported = 0;
  const report = (count: number): void => {
    reported += count;
    session.progress.event({ kind: 'blob-bytes', digest: source.digest, count });
  };
  return async function* read(running?: RunningDigest): ByteStream {
    if (reported > 0) report(-reported);
    for await (const chunk of verified(readSourceBlob(session, source), source, running)) {
      yield chunk;
      report(chunk.length);
    }
  };
}
