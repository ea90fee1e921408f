/** Produces what is to be stored of a blob: read, checked, recoded, encrypted and hashed on the way. */
import { measured, unchanged, type BlobProduction, type ProducedBlob } from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { verified, type RunningDigest } from '../image/digest.ts';
import type { ByteStream } from '../io/bytes.ts';
import { CODECS, type Compressing } from '../transforms/codecs.ts';
import { decompress } from '../transforms/decompress.ts';
import { encrypt } from '../transforms/encrypt.ts';
import { baseCompression } from '../image/media-types.ts';
import { codecOf } from './codec.ts';
import type { LayerPlan } from './layers.ts';
import type { PushSession } from './session.ts';
import { readSourceBlob } from './source-blob.ts';

/** Begins to produce what is to be stored of a layer, at every call anew. */
export function producer(session: PushSession, layer: LayerPlan): () => BlobProduction {
  const { descriptor, action, isEncrypted } = layer;
  const read = sourceReader(session, descriptor);
  const begin = recoder(layer, read);
  if (isEncrypted) return () => encrypted(session, layer, begin().stream);
  if (action === 'copy' || action === 'refer') {
    return () => unchanged(descriptor, read);
  }
  return () =>
    noting(produced(begin()), (result) => {
      void session.cache.remember(descriptor.digest, codecOf(layer), result);
    });
}

/** Begins to read a layer and to bring it into the compression that it is to have. */
function recoder(
  { compression, action, level }: LayerPlan,
  read: () => ByteStream,
): () => Compressing {
  if (action === 'copy' || action === 'refer') return () => ({ stream: read() });
  const plain = (): ByteStream => decompress(read(), baseCompression(compression));
  if (action === 'decompress') return () => ({ stream: plain() });
  return () => CODECS[action].compress(plain(), { level });
}

/** Of an encrypted layer nothing is remembered but by the push that encrypts it. */
function encrypted({ seals }: PushSession, layer: LayerPlan, plain: ByteStream): BlobProduction {
  if (seals === undefined) throw new TypeError('a layer is to be encrypted for nobody');
  const seal = seals.of(layer);
  const { stream, annotations } = encrypt(plain, seal.key);
  const both = () => ({ ...seal.wrapped, ...annotations() });
  return noting(produced({ stream, annotations: both }), (result) => {
    seal.made = result;
  });
}

function produced({ stream, annotations }: Compressing): BlobProduction {
  const production = measured(stream);
  const result = () => ({
    ...production.result(),
    ...(annotations && { annotations: annotations() }),
  });
  return { ...production, result };
}

/** The same, with `note` told what comes of it. */
function noting(production: BlobProduction, note: (result: ProducedBlob) => void): BlobProduction {
  return {
    ...production,
    result: () => {
      const made = production.result();
      note(made);
      return made;
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
