/** Reads what there is to know of an image before anything of it is written. */
import { measured } from '../image/blob.ts';
import { fromSchema1, type ReadLayer } from '../image/convert-from-schema1.ts';
import { isChunked, UNKNOWN_SIZE, type Descriptor } from '../image/descriptor.ts';
import { digestMismatch, verified, type Digest } from '../image/digest.ts';
import { parseImageManifest, type ImageManifest } from '../image/manifest.ts';
import { DOCKER_LAYER_TAR, isSchema1Type } from '../image/media-types.ts';
import { parseSchema1, type Schema1Manifest } from '../image/schema1.ts';
import { MANIFEST_LIMIT } from '../image/manifest-type.ts';
import { collect } from '../io/bytes.ts';
import { createLimiter } from '../io/limiter.ts';
import { decompressAny } from '../transforms/decompress.ts';
import { detectCompression, MAGIC_LENGTH } from '../transforms/detect.ts';
import type { RawManifest } from '../transports/transport.ts';
import { isForeign, type LayerFacts } from './layers.ts';
import type { PushSession } from './session.ts';
import { readSourceBlob } from './source-blob.ts';

/** An image in whatever format, as one that has a config. */
export interface SourceImage {
  readonly raw: RawManifest;
  /** Of a v2s1 image: what it is as v2s2. */
  readonly manifest: ImageManifest;
  readonly layers: readonly LayerFacts[];
  readonly readConfig: () => Promise<Uint8Array>;
  /** Set for an image whose config is none of its blobs. */
  readonly schema1?: Schema1Manifest | undefined;
}

/** Layers looked into at once: each is an open file or a request, and a manifest can name thousands. */
const MOST_AT_ONCE = 32;

/**
 * Reads the manifest and the beginnings of the layers; of a v2s1 image the whole layers, for their
 * sizes and the digests of what is in them stand nowhere else.
 * @throws OcipushError MANIFEST_INVALID, or of reading
 */
export async function readImage(session: PushSession, raw: RawManifest): Promise<SourceImage> {
  if (isSchema1Type(raw.mediaType)) return readSchema1(session, raw);
  const manifest = parseImageManifest(raw.bytes, raw.mediaType);
  const layers = await inspectAll(session, manifest.layers);
  return { raw, manifest, layers, readConfig: configReader(session, manifest.config) };
}

async function readSchema1(session: PushSession, raw: RawManifest): Promise<SourceImage> {
  const schema1 = parseSchema1(raw.bytes);
  const reading = new Map<Digest, Promise<ReadLayer>>();
  for (const { digest, isEmpty } of schema1.layers) {
    if (isEmpty || reading.has(digest)) continue;
    reading.set(
      digest,
      session.blobs(() => readLayer(session, digest)),
    );
  }
  const filled = schema1.layers.filter(({ isEmpty }) => !isEmpty);
  const read = await Promise.all(
    filled.map(({ digest }) => reading.get(digest) as Promise<ReadLayer>),
  );
  const { manifest, config } = fromSchema1(schema1, read);
  const layers = await inspectAll(session, manifest.layers);
  return { raw, manifest, layers, readConfig: async () => config, schema1 };
}

async function readLayer({ source }: PushSession, digest: Digest): Promise<ReadLayer> {
  const unsized = { mediaType: DOCKER_LAYER_TAR, digest, size: UNKNOWN_SIZE };
  const stored = measured(source.getBlob(unsized));
  const plain = measured(decompressAny(stored.stream));
  for await (const _ of plain.stream);
  const { digest: found, size } = stored.result();
  if (found !== digest) throw digestMismatch(digest, found);
  return { digest, size, diffID: plain.result().digest };
}

/** Reads the config once, and only when it is asked for. */
function configReader({ source }: PushSession, config: Descriptor): () => Promise<Uint8Array> {
  let reading: Promise<Uint8Array> | undefined;
  return () =>
    (reading ??= collect(verified(source.getBlob(config), config), MANIFEST_LIMIT, 'config'));
}

function inspectAll(
  session: PushSession,
  layers: readonly Descriptor[],
): Promise<readonly LayerFacts[]> {
  const limited = createLimiter(MOST_AT_ONCE);
  return Promise.all(layers.map((layer) => limited(() => inspect(session, layer))));
}

async function inspect(session: PushSession, descriptor: Descriptor): Promise<LayerFacts> {
  const { acceptsForeignLayers } = session.destination.capabilities;
  const isReferred = isForeign(descriptor) && acceptsForeignLayers;
  if (isReferred || descriptor.size === 0) return { descriptor, compression: 'none' };
  const range = { start: 0, end: Math.min(MAGIC_LENGTH, descriptor.size) };
  const start = await collect(readSourceBlob(session, descriptor, range), MAGIC_LENGTH, 'layer');
  const compression = detectCompression(start);
  const isParted = compression === 'zstd' && isChunked(descriptor);
  return { descriptor, compression: isParted ? 'zstd:chunked' : compression };
}
