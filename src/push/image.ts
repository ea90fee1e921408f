/** Pushes one image: layers and config side by side, then the manifest that names them. */
import type { RawManifest } from '../transports/transport.ts';
import { formsOf, isOnlyForm, knownForms } from './blob-forms.ts';
import { leaveConfig, storeConfig, storeLayer, storeNewBlob } from './blobs.ts';
import { encryptionWarnings } from './encryption.ts';
import { formOf, type Form } from './form.ts';
import type { Frozen } from './frozen.ts';
import { planImage, type FinalLayer, type ImagePlan, type ImageWishes } from './plan.ts';
import type { PushSession } from './session.ts';
import type { Signatures } from './signatures.ts';
import { readImage, type SourceImage } from './source-image.ts';
import { writeManifest, type ManifestTarget } from './write-manifest.ts';

/** An image as read, and what is to become of it. */
export interface PlannedImage {
  readonly kind: 'image';
  readonly source: SourceImage;
  readonly signatures: Signatures;
  readonly plan: ImagePlan;
  /** In the preferred format; the digests of its layers may still be those of the source. */
  readonly preferred: Form;
  /** The manifest that the push will end with, where that is known beforehand. */
  readonly predicted: RawManifest | undefined;
}

/** What is asked of one image. */
export interface ImageRequest {
  readonly raw: RawManifest;
  readonly signatures: Signatures;
  readonly wishes: ImageWishes;
  readonly frozen: Frozen | undefined;
}

/** @throws OcipushError MANIFEST_INVALID, UNSUPPORTED, or of reading the first bytes of the layers */
export async function prepareImage(
  session: PushSession,
  { raw, signatures, wishes, frozen }: ImageRequest,
): Promise<PlannedImage> {
  const { capabilities, reference } = session.destination;
  const source = await readImage(session, raw);
  const plan = planImage(source, capabilities, wishes, frozen);
  await sealLayers(session, plan, wishes);
  const known = plan.layers.map((layer) => knownForms(session, layer)[0]);
  // Made even where layers are still unknown: what cannot be expressed is refused in time.
  const expected = known.map((layer, index) => layer ?? unmade(plan, index));
  const type = plan.types[0] ?? '';
  const preferred = await formOf(source, plan, type, expected, reference.dockerReference);
  const isCertain = plan.layers.every((layer, index) =>
    isOnlyForm(known[index], formsOf(session, layer, plan.variants)),
  );
  const predicted = isCertain ? preferred.manifest : undefined;
  return { kind: 'image', source, signatures, plan, preferred, predicted };
}

/** Makes the keys of the layers that are encrypted, for whatever fails there fails in time. */
async function sealLayers(
  { seals, blobs, progress }: PushSession,
  { layers }: ImagePlan,
  { encryption }: ImageWishes,
): Promise<void> {
  for (const message of encryptionWarnings(layers, encryption)) {
    progress.event({ kind: 'warning', message });
  }
  const encrypted = layers.filter(({ isEncrypted }) => isEncrypted);
  await Promise.all(encrypted.map((layer) => blobs(async () => seals?.seal(layer))));
}

/**
 * Stores all blobs of an image, and then its manifest.
 * @returns the manifest that was written
 */
export async function pushImage(
  session: PushSession,
  image: PlannedImage,
  target: ManifestTarget,
): Promise<RawManifest> {
  const { source, plan, signatures, preferred } = image;
  const { dockerReference } = session.destination.reference;
  const [layers] = await Promise.all([
    Promise.all(plan.layers.map((layer) => storeLayer(session, layer, plan))),
    storeParts(session, image, preferred),
  ]);
  const forms = plan.types.map((type) => ({
    type,
    make: async () => {
      const form = await formOf(source, plan, type, layers, dockerReference);
      await storeParts(session, image, form);
      return form.manifest;
    },
  }));
  return writeManifest(session, { forms, target, signatures });
}

/** Stores what a form names beside the layers. */
async function storeParts(
  session: PushSession,
  { plan }: PlannedImage,
  { keepsConfig, newBlobs }: Form,
): Promise<void> {
  const { config } = plan.manifest;
  if (!keepsConfig) leaveConfig(session, config);
  await Promise.all([
    keepsConfig && storeConfig(session, config),
    ...newBlobs.map(({ descriptor, bytes }) => storeNewBlob(session, descriptor, bytes)),
  ]);
}

/** A layer that is still to be recoded, in the form it will have. */
function unmade({ layers }: ImagePlan, index: number): FinalLayer {
  const layer = layers[index];
  if (layer === undefined) throw new TypeError('a layer that is not in the plan');
  const { descriptor, becomes } = layer;
  return { digest: descriptor.digest, size: descriptor.size, compression: becomes };
}
