/** Makes the manifest of an image in one of its formats, and what that format needs besides. */
import { manifestDigest } from '../image/manifest-type.ts';
import { toSchema1 } from '../image/convert-to-schema1.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestOf } from '../image/digest.ts';
import type { NamedReference } from '../image/docker-reference.ts';
import { EMPTY_LAYER_BYTES } from '../image/empty-layer.ts';
import { encodeImageManifest } from '../image/manifest.ts';
import { DOCKER_LAYER_TAR, DOCKER_V1_SIGNED, isSchema1Type } from '../image/media-types.ts';
import { encodeSchema1, renameSchema1, replaceSchema1Blobs } from '../image/schema1.ts';
import { signSchema1 } from '../image/schema1-signature.ts';
import type { RawManifest } from '../transports/transport.ts';
import { finalImage, retyped, type FinalLayer, type ImagePlan } from './plan.ts';
import type { SourceImage } from './source-image.ts';

/** Bytes that the source does not have. */
export interface NewBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface Form {
  readonly manifest: RawManifest;
  /** Whether the manifest names the config that the source has as a blob. */
  readonly keepsConfig: boolean;
  /** What it names beside that and the layers. */
  readonly newBlobs: readonly NewBlob[];
}

/**
 * @param layers what has become of the layers of the plan
 * @param name what the destination calls the image, which v2s1 alone writes down
 * @throws OcipushError UNSUPPORTED when the type cannot express the image; MANIFEST_INVALID
 */
export async function formOf(
  source: SourceImage,
  plan: ImagePlan,
  type: string,
  layers: readonly FinalLayer[],
  name: NamedReference | undefined,
): Promise<Form> {
  if (isSchema1Type(type)) return schema1Form(source, plan, layers, name);
  const final = await finalImage(plan, type, layers, source.readConfig);
  if (final === undefined) return { manifest: source.raw, keepsConfig: true, newBlobs: [] };
  const { mediaType, config } = final.manifest;
  const bytes = encodeImageManifest(final.manifest);
  const manifest = { bytes, mediaType, digest: digestOf(bytes) };
  const made = final.config ?? (source.schema1 && (await source.readConfig()));
  const newBlobs = made ? [{ descriptor: config, bytes: made }] : [];
  return { manifest, keepsConfig: made === undefined, newBlobs };
}

async function schema1Form(
  source: SourceImage,
  plan: ImagePlan,
  layers: readonly FinalLayer[],
  name: NamedReference | undefined,
): Promise<Form> {
  const { schema1: own, raw } = source;
  const original = own ?? toSchema1(retyped(plan, layers), await source.readConfig(), name);
  const digests = layers.map(({ digest }) => digest);
  const isKept = digests.every((digest, index) => digest === plan.layers[index]?.descriptor.digest);
  const renamed = renameSchema1(original, name);
  const newBlobs = original.layers.some(({ isEmpty }) => isEmpty) ? [EMPTY_LAYER] : [];
  if (own && isKept && (plan.isFrozen || renamed === own)) {
    return { manifest: raw, keepsConfig: false, newBlobs };
  }
  const payload = encodeSchema1(isKept ? renamed : replaceSchema1Blobs(renamed, digests));
  const bytes = signSchema1(payload, new Date());
  const manifest = { bytes, mediaType: DOCKER_V1_SIGNED, digest: manifestDigest(bytes) };
  return { manifest, keepsConfig: false, newBlobs };
}

const EMPTY_LAYER: NewBlob = {
  descriptor: {
    mediaType: `${DOCKER_LAYER_TAR}.gzip`,
    digest: digestOf(EMPTY_LAYER_BYTES),
    size: EMPTY_LAYER_BYTES.length,
  },
  bytes: EMPTY_LAYER_BYTES,
};
