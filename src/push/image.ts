/** Pushes one image: layers and config side by side, then the manifest that names them. */
import type { BlobIdentity } from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestOf } from '../image/digest.ts';
import { encodeImageManifest, parseImageManifest, type ImageManifest } from '../image/manifest.ts';
import { OcipushError, wrapError } from '../errors.ts';
import { collect } from '../io/bytes.ts';
import { detectCompression, MAGIC_LENGTH } from '../transforms/detect.ts';
import type { RawManifest } from '../transports/transport.ts';
import { rememberedLayer, storeConfig, storeLayer } from './blobs.ts';
import { planLayers, rewriteManifest, type LayerFacts, type LayerPlan } from './plan.ts';
import type { PushSession } from './session.ts';

/** An image as read, and what is to become of it. */
export interface ImagePlan {
  readonly raw: RawManifest;
  readonly manifest: ImageManifest;
  readonly layers: readonly LayerPlan[];
}

/** @throws OcipushError MANIFEST_INVALID, or of reading the first bytes of the layers */
export async function planImage(session: PushSession, raw: RawManifest): Promise<ImagePlan> {
  const manifest = parseImageManifest(raw.bytes, raw.mediaType);
  const facts = await Promise.all(manifest.layers.map((layer) => inspect(session, layer)));
  const layers = planLayers(manifest, facts, session.destination.capabilities);
  return { raw, manifest, layers };
}

/**
 * The manifest that the push will end with, where that is known beforehand: nothing is to be
 * compressed, or all of it was compressed before.
 */
export function predictManifest(session: PushSession, plan: ImagePlan): RawManifest | undefined {
  const layers = plan.layers.map((layer) => rememberedLayer(session, layer));
  return layers.every((layer) => layer !== undefined) ? finalManifest(plan, layers) : undefined;
}

/**
 * Stores all blobs of an image.
 * @returns the manifest that describes what was stored; it is not written yet
 */
export async function storeBlobs(session: PushSession, plan: ImagePlan): Promise<RawManifest> {
  const [layers] = await Promise.all([
    Promise.all(plan.layers.map((layer) => storeLayer(session, layer))),
    storeConfig(session, plan.manifest.config),
  ]);
  return finalManifest(plan, layers);
}

/** Signatures cannot be written yet, and are not left behind without a word. */
export async function checkSignatures(session: PushSession, instance?: Descriptor): Promise<void> {
  const { source, destination, options } = session;
  if (options.removeSignatures || !(await source.hasSignatures?.(instance))) return;
  throw new OcipushError(
    'UNSUPPORTED',
    `Can not copy signatures to ${destination.reference.toString()}: storing signatures is not supported`,
    { origin: 'destination', hint: 'push without them: --remove-signatures' },
  );
}

async function inspect(session: PushSession, descriptor: Descriptor): Promise<LayerFacts> {
  const isForeign = (descriptor.urls?.length ?? 0) > 0;
  if (isForeign || descriptor.size === 0) return { descriptor, compression: 'none' };
  const range = { start: 0, end: Math.min(MAGIC_LENGTH, descriptor.size) };
  try {
    const start = await collect(session.source.getBlob(descriptor, range), MAGIC_LENGTH, 'layer');
    return { descriptor, compression: detectCompression(start) };
  } catch (error) {
    throw wrapError(error, `reading blob ${descriptor.digest}`, {
      code: 'BLOB_UNKNOWN',
      origin: 'source',
    });
  }
}

function finalManifest(plan: ImagePlan, layers: readonly BlobIdentity[]): RawManifest {
  const rewritten = rewriteManifest(
    plan.manifest,
    plan.layers.map((layer, index) => ({ plan: layer, stored: layers[index] ?? layer.source })),
  );
  if (rewritten === undefined) return plan.raw;
  const bytes = encodeImageManifest(rewritten);
  return { bytes, mediaType: rewritten.mediaType, digest: digestOf(bytes) };
}
