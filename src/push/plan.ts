/** Plans an image from facts alone, and says what its manifest is once its layers are stored. */
import type { BlobIdentity } from '../image/blob.ts';
import { toDockerManifest, toOciManifest } from '../image/convert-manifest.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { ImageManifest } from '../image/manifest.ts';
import {
  encryptedLayerType,
  layerTypeWith,
  OCI_MANIFEST,
  type CompressionFormat,
  type LayerCompression,
} from '../image/media-types.ts';
import { OcipushError } from '../errors.ts';
import type { DestinationCapabilities, RawManifest } from '../transports/transport.ts';
import { hasEncrypted, lastingAnnotations, planEncryption } from './encryption.ts';
import { ANNOTATIONS, ENCRYPTION, manifestTypesFor, type OciNeed } from './formats.ts';
import { frozenError, type Frozen } from './frozen.ts';
import {
  isForeign,
  isImageLayer,
  isZstd,
  layerRules,
  planLayer,
  type LayerFacts,
  type LayerPlan,
  type LayerRules,
} from './layers.ts';
import type { CompressionWish, PushOptions } from './options.ts';

/** An image as read. */
export interface ImageFacts {
  /** Of the bytes at the source; they may be older than v2s2, unlike `manifest`. */
  readonly raw: Pick<RawManifest, 'mediaType'>;
  readonly manifest: ImageManifest;
  readonly layers: readonly LayerFacts[];
}

/** The wishes of a push that speak of one image. */
export type ImageWishes = Pick<
  PushOptions,
  'compression' | 'encryption' | 'format' | 'annotations'
>;

export interface ImagePlan {
  /** The media type at the source. */
  readonly from: string;
  readonly manifest: ImageManifest;
  readonly layers: readonly LayerPlan[];
  /** Media types of the manifest to write, the preferred one first. */
  readonly types: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Whether the manifest is written as it is, whatever its layers are. */
  readonly isFrozen: boolean;
  /** Forms in which a layer that is to be recoded serves as well, where the destination has it. */
  readonly variants: readonly CompressionFormat[];
}

/** What has become of a layer. */
export interface FinalLayer extends BlobIdentity {
  readonly compression: LayerCompression;
  /** What the form of its bytes adds to its descriptor. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface FinalImage {
  readonly manifest: ImageManifest;
  /** The config's new bytes; undefined where it keeps its own. */
  readonly config: Uint8Array | undefined;
}

/** @throws OcipushError UNSUPPORTED for wishes that cannot be met */
export function planImage(
  { raw, manifest, layers: facts }: ImageFacts,
  capabilities: DestinationCapabilities,
  wishes: ImageWishes,
  frozen?: Frozen,
): ImagePlan {
  const { format, compression, encryption: wish, annotations } = wishes;
  const takesOci = capabilities.manifestTypes.includes(OCI_MANIFEST);
  const takesZstd = takesOci && (format ?? 'oci') === 'oci';
  const rules = layerRules(capabilities, compression, { takesZstd, frozen });
  const isAnnotated = Object.keys(annotations).length > 0;
  if (frozen && isAnnotated) throw frozenError(frozen, 'adding annotations');
  const recoded = facts.map((layer) => planLayer(manifest, layer, rules));
  const layers = planEncryption(manifest, recoded, { wish, frozen, capabilities });
  const types = manifestTypesFor(raw.mediaType, capabilities.manifestTypes, {
    format,
    frozen,
    needsOci: ociWish(manifest, layers, { format: rules.format, annotations }),
    keeps: rules.wanted === 'preserve',
  });
  const isFrozen = frozen !== undefined;
  const variants = variantsIn(types, compression);
  return { from: raw.mediaType, manifest, layers, types, annotations, isFrozen, variants };
}

/**
 * The image to write under one of the plan's types, or undefined when it is the source's own.
 * @param readConfig gives the bytes of the config; called only when they must be rewritten
 * @throws OcipushError UNSUPPORTED when that type cannot express the image
 */
export async function finalImage(
  plan: ImagePlan,
  type: string,
  stored: readonly FinalLayer[],
  readConfig: () => Promise<Uint8Array>,
): Promise<FinalImage | undefined> {
  const { manifest } = plan;
  if (plan.isFrozen || (type === plan.from && !isEdited(plan, stored))) return undefined;
  const { manifest: base, config } = await expandable(manifest, type, readConfig);
  const edited: ImageManifest = {
    ...base,
    layers: base.layers.map((descriptor, index) =>
      finalDescriptor(base, descriptor, plan.layers[index], stored[index]),
    ),
  };
  const final = type === edited.mediaType ? edited : toDockerManifest(edited);
  return annotated({ manifest: final, config }, plan.annotations);
}

/** OCI can say all that Docker can of a layer, and more: who comes from there goes over first. */
async function expandable(
  manifest: ImageManifest,
  type: string,
  readConfig: () => Promise<Uint8Array>,
): Promise<FinalImage> {
  if (type !== OCI_MANIFEST || manifest.mediaType === OCI_MANIFEST) {
    return { manifest, config: undefined };
  }
  return toOciManifest(manifest, await readConfig());
}

function annotated({ manifest, config }: FinalImage, added: ImagePlan['annotations']): FinalImage {
  if (Object.keys(added).length === 0) return { manifest, config };
  return { manifest: { ...manifest, annotations: { ...manifest.annotations, ...added } }, config };
}

function ociWish(
  manifest: ImageManifest,
  layers: readonly LayerPlan[],
  { format, annotations }: Pick<LayerRules, 'format'> & Pick<ImageWishes, 'annotations'>,
): OciNeed | undefined {
  const what = zstdWish(manifest, layers, format);
  if (!hasEncrypted(layers)) {
    if (what !== undefined) return { what, briefly: 'it' };
    return Object.keys(annotations).length > 0 ? ANNOTATIONS : undefined;
  }
  if (what === undefined) return ENCRYPTION;
  return { what: `${what}, and ${ENCRYPTION.what},`, briefly: 'both' };
}

function zstdWish(
  manifest: ImageManifest,
  layers: readonly LayerPlan[],
  format: LayerRules['format'],
): string | undefined {
  // As in the reference, also where no layer is in that format in the end.
  if (format !== undefined && isZstd(format)) return `compression using ${format}`;
  // What a Docker manifest wrongly calls gzip stays there, as long as nobody asks for more.
  const mustSay = manifest.mediaType === OCI_MANIFEST || format !== undefined;
  const zstd = layers.find(
    ({ becomes, action }) => isZstd(becomes) && (mustSay || action !== 'copy'),
  );
  return zstd && `compression using ${zstd.becomes}`;
}

function variantsIn(
  types: readonly string[],
  { anyVariant }: CompressionWish,
): readonly CompressionFormat[] {
  if (!anyVariant) return [];
  const isOci = types.every((type) => type === OCI_MANIFEST);
  return isOci ? ['gzip', 'zstd', 'zstd:chunked'] : ['gzip'];
}

function isEdited(plan: ImagePlan, stored: readonly FinalLayer[]): boolean {
  return (
    Object.keys(plan.annotations).length > 0 ||
    plan.layers.some(
      (layer, index) =>
        layer.isEncrypted ||
        // Chunked anew a layer may come to the same bytes, of which nobody has said so before.
        stored[index]?.annotations !== undefined ||
        stored[index]?.digest !== layer.descriptor.digest ||
        (layer.action !== 'refer' && isForeign(layer.descriptor)),
    )
  );
}

/** The source's manifest, with the types that its layers have come to have, but their old digests. */
export function retyped(
  { manifest, layers }: ImagePlan,
  stored: readonly FinalLayer[],
): ImageManifest {
  return {
    ...manifest,
    layers: manifest.layers.map((descriptor, index) => {
      const { digest, size } = descriptor;
      const final = finalDescriptor(manifest, descriptor, layers[index], stored[index]);
      return { ...final, digest, size };
    }),
  };
}

/**
 * How a manifest that is written anew speaks of a layer: with the type that its bytes have, which
 * need not be what the source said.
 */
function finalDescriptor(
  manifest: ImageManifest,
  descriptor: Descriptor,
  plan: LayerPlan | undefined,
  stored: FinalLayer | undefined,
): Descriptor {
  if (stored === undefined || plan?.action === 'refer') return descriptor;
  const { urls: _urls, ...kept } = descriptor;
  if (!isImageLayer(manifest, descriptor)) return kept;
  if (plan?.isEncrypted) return encryptedDescriptor(descriptor, plan, stored);
  const { digest, size, annotations, compression } = stored;
  const mediaType = typeWith(descriptor.mediaType, compression);
  if (digest === descriptor.digest && annotations === undefined) {
    return { ...kept, mediaType: mediaType ?? descriptor.mediaType };
  }
  if (mediaType === undefined) throw noTypeFor(descriptor.mediaType, compression);
  // Annotations speak of bytes that are no longer there, and go, as in the reference.
  return { mediaType, digest, size, ...(annotations && { annotations }) };
}

/** What was said of bytes that are not recoded before goes on to be said, as in the reference. */
function encryptedDescriptor(
  { mediaType, annotations }: Descriptor,
  { action }: LayerPlan,
  { digest, size, compression, annotations: added }: FinalLayer,
): Descriptor {
  const isKept = action === 'copy';
  const type = typeWith(mediaType, compression) ?? (isKept ? mediaType : undefined);
  if (type === undefined) throw noTypeFor(mediaType, compression);
  const lasting = isKept ? lastingAnnotations(annotations) : {};
  return {
    mediaType: encryptedLayerType(type),
    digest,
    size,
    annotations: { ...lasting, ...added },
  };
}

function typeWith(mediaType: string, compression: LayerCompression): string | undefined {
  if (compression === 'bzip2' || compression === 'xz') return undefined;
  return layerTypeWith(mediaType, compression);
}

/** In the reference's words. */
function noTypeFor(mediaType: string, compression: LayerCompression): OcipushError {
  return new OcipushError(
    'UNSUPPORTED',
    `${compression} compression is not supported for type ${JSON.stringify(mediaType)}`,
    { origin: 'usage', hint: 'compress with gzip: --compression-format gzip' },
  );
}
