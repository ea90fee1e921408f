/** Decides what happens to each layer of an image, from facts alone. */
import type { BlobIdentity } from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { ImageManifest } from '../image/manifest.ts';
import { layerTypeWith, OCI_CONFIG, OCI_MANIFEST, type Compression } from '../image/media-types.ts';
import type { DestinationCapabilities } from '../transports/transport.ts';

/** `refer`: a foreign layer, whose bytes stay where its URLs say. */
export type LayerAction = 'copy' | 'gzip' | 'refer';

export interface LayerPlan {
  /** The layer as the source has it. */
  readonly source: Descriptor;
  readonly action: LayerAction;
  /** Its media type at the destination. */
  readonly mediaType: string;
}

/** A layer of the source, and how its bytes really are compressed, whatever its media type says. */
export interface LayerFacts {
  readonly descriptor: Descriptor;
  readonly compression: Compression;
}

/** What has become of a layer: the descriptor for the manifest follows from it. */
export interface StoredLayer {
  readonly plan: LayerPlan;
  readonly stored: BlobIdentity;
}

/** One plan for each layer, in their order. */
export function planLayers(
  manifest: ImageManifest,
  layers: readonly LayerFacts[],
  capabilities: DestinationCapabilities,
): readonly LayerPlan[] {
  const actions = layers.map((layer) => actionFor(manifest, layer, capabilities));
  // An unchanged manifest keeps its bytes, and so its types even where they are wrong.
  const rewritten = actions.includes('gzip');
  return layers.map(({ descriptor, compression }, index) => {
    const action = actions[index] ?? 'copy';
    const actual = action === 'gzip' ? 'gzip' : compression;
    const mediaType =
      rewritten && action !== 'refer' && isImageLayer(manifest, descriptor)
        ? typeWith(descriptor.mediaType, actual)
        : descriptor.mediaType;
    return { source: descriptor, action, mediaType };
  });
}

/**
 * The image's manifest with the layers that were stored in place of its own. Undefined when nothing
 * has changed: then the manifest's own bytes are to be written.
 */
export function rewriteManifest(
  manifest: ImageManifest,
  layers: readonly StoredLayer[],
): ImageManifest | undefined {
  if (layers.every(({ plan }) => plan.action !== 'gzip')) return undefined;
  return { ...manifest, layers: layers.map(storedDescriptor) };
}

function storedDescriptor({ plan, stored }: StoredLayer): Descriptor {
  const { source, action, mediaType } = plan;
  // What annotations and URLs say belongs to bytes that are no longer there (reference: 3.3).
  if (action === 'gzip') return { mediaType, digest: stored.digest, size: stored.size };
  return { ...source, mediaType };
}

function actionFor(
  manifest: ImageManifest,
  { descriptor, compression }: LayerFacts,
  capabilities: DestinationCapabilities,
): LayerAction {
  if (descriptor.urls !== undefined && descriptor.urls.length > 0) return 'refer';
  const compressible = compression === 'none' && isImageLayer(manifest, descriptor);
  return compressible && capabilities.layerCompression === 'compress' ? 'gzip' : 'copy';
}

/** Layers of artifacts are never touched, even where their type is that of an image layer. */
function isImageLayer(manifest: ImageManifest, { mediaType }: Descriptor): boolean {
  const isImage = manifest.mediaType !== OCI_MANIFEST || manifest.config.mediaType === OCI_CONFIG;
  return isImage && layerTypeWith(mediaType, 'gzip') !== undefined;
}

function typeWith(mediaType: string, compression: Compression): string {
  if (compression === 'bzip2' || compression === 'xz') return mediaType;
  return layerTypeWith(mediaType, compression) ?? mediaType;
}
