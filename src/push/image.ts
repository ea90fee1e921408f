/** Pushes one image: layers and config side by side, for the manifest that names them. */
import type { BlobIdentity } from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestOf, verified } from '../image/digest.ts';
import { encodeImageManifest, parseImageManifest } from '../image/manifest.ts';
import { OcipushError } from '../errors.ts';
import { collect } from '../io/bytes.ts';
import { detectCompression, MAGIC_LENGTH } from '../transforms/detect.ts';
import { MANIFEST_LIMIT, type RawManifest } from '../transports/transport.ts';
import { rememberedLayer, storeConfig, storeLayer } from './blobs.ts';
import { finalManifest, isForeign, planImage, type ImagePlan, type LayerFacts } from './plan.ts';
import type { PushSession } from './session.ts';

/** An image as read, and what is to become of it. */
export interface PlannedImage {
  readonly raw: RawManifest;
  readonly plan: ImagePlan;
}

/** @throws OcipushError MANIFEST_INVALID, UNSUPPORTED, or of reading the first bytes of the layers */
export async function prepareImage(session: PushSession, raw: RawManifest): Promise<PlannedImage> {
  const { source, destination } = session;
  const manifest = parseImageManifest(raw.bytes, raw.mediaType);
  const facts = await Promise.all(manifest.layers.map((layer) => inspect(session, layer)));
  const readConfig = async (): Promise<Uint8Array> =>
    collect(verified(source.getBlob(manifest.config), manifest.config), MANIFEST_LIMIT, 'config');
  return { raw, plan: await planImage(manifest, facts, destination.capabilities, readConfig) };
}

/**
 * The manifest that the push will end with, where that is known beforehand: nothing is to be
 * recoded, or all of it was before.
 */
export function predictImage(session: PushSession, image: PlannedImage): RawManifest | undefined {
  const layers = image.plan.layers.map((layer) => rememberedLayer(session, layer));
  return layers.every((layer) => layer !== undefined) ? manifestOf(image, layers) : undefined;
}

/**
 * Stores all blobs of an image.
 * @returns the manifest that describes what was stored; it is not written yet
 */
export async function storeBlobs(session: PushSession, image: PlannedImage): Promise<RawManifest> {
  const { plan } = image;
  const [layers] = await Promise.all([
    Promise.all(plan.layers.map((layer) => storeLayer(session, layer))),
    storeConfig(session, plan),
  ]);
  return manifestOf(image, layers);
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
  const { acceptsForeignLayers } = session.destination.capabilities;
  const isReferred = isForeign(descriptor) && acceptsForeignLayers;
  if (isReferred || descriptor.size === 0) return { descriptor, compression: 'none' };
  const range = { start: 0, end: Math.min(MAGIC_LENGTH, descriptor.size) };
  const start = await collect(session.source.getBlob(descriptor, range), MAGIC_LENGTH, 'layer');
  return { descriptor, compression: detectCompression(start) };
}

function manifestOf({ raw, plan }: PlannedImage, layers: readonly BlobIdentity[]): RawManifest {
  const manifest = finalManifest(plan, layers);
  if (manifest === undefined) return raw;
  const bytes = encodeImageManifest(manifest);
  return { bytes, mediaType: manifest.mediaType, digest: digestOf(bytes) };
}
