/** Decides what becomes of an image, from facts alone. */
import type { BlobIdentity } from '../image/blob.ts';
import { toDockerManifest, toOciManifest } from '../image/convert-manifest.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { ImageManifest } from '../image/manifest.ts';
import {
  chooseManifestType,
  layerTypeWith,
  OCI_CONFIG,
  OCI_MANIFEST,
  type Compression,
} from '../image/media-types.ts';
import { OcipushError } from '../errors.ts';
import type { DestinationCapabilities } from '../transports/transport.ts';

/** `refer`: a foreign layer, whose bytes stay where its URLs say. */
export type LayerAction = 'copy' | 'gzip' | 'decompress' | 'refer';

/** A layer of the source, and how its bytes really are compressed, whatever its media type says. */
export interface LayerFacts {
  readonly descriptor: Descriptor;
  readonly compression: Compression;
}

export interface LayerPlan extends LayerFacts {
  readonly action: LayerAction;
}

export interface ImagePlan {
  readonly layers: readonly LayerPlan[];
  /** The config as the source has it. */
  readonly config: Descriptor;
  /** The config's new bytes, where the format that the destination takes needs others. */
  readonly newConfig: Uint8Array | undefined;
  /**
   * The manifest to write, with the digests and sizes of the source's layers in place of those they
   * will have. Undefined when the source's own bytes are to be written.
   */
  readonly newManifest: ImageManifest | undefined;
}

/**
 * Plans an image.
 * @param readConfig gives the bytes of the config; called only when they must be rewritten
 * @throws OcipushError UNSUPPORTED when the destination cannot take such an image
 */
export async function planImage(
  manifest: ImageManifest,
  facts: readonly LayerFacts[],
  capabilities: DestinationCapabilities,
  readConfig: () => Promise<Uint8Array>,
): Promise<ImagePlan> {
  const layers = facts.map((layer) => ({
    ...layer,
    action: actionFor(manifest, layer, capabilities),
  }));
  const mediaType = targetType(manifest, capabilities);
  const isRecoded = layers.some(({ action }) => action === 'gzip' || action === 'decompress');
  const isFetched = layers.some(
    ({ action, descriptor }) => action !== 'refer' && isForeign(descriptor),
  );
  const { config } = manifest;
  if (mediaType === manifest.mediaType && !isRecoded && !isFetched) {
    return { layers, config, newConfig: undefined, newManifest: undefined };
  }
  const edited = { ...manifest, layers: layers.map((layer) => plannedDescriptor(manifest, layer)) };
  if (mediaType === manifest.mediaType) {
    return { layers, config, newConfig: undefined, newManifest: edited };
  }
  if (mediaType === OCI_MANIFEST) {
    const converted = toOciManifest(edited, await readConfig());
    return { layers, config, newConfig: converted.config, newManifest: converted.manifest };
  }
  return { layers, config, newConfig: undefined, newManifest: toDockerManifest(edited) };
}

/** The manifest to write once it is known what the layers have become; undefined: the source's. */
export function finalManifest(
  { newManifest }: ImagePlan,
  stored: readonly BlobIdentity[],
): ImageManifest | undefined {
  if (newManifest === undefined) return undefined;
  const layers = newManifest.layers.map((layer, index) => {
    const { digest, size } = stored[index] ?? layer;
    return { ...layer, digest, size };
  });
  return { ...newManifest, layers };
}

/** Whether the bytes of a layer are to be had elsewhere. */
export function isForeign({ urls = [] }: Descriptor): boolean {
  return urls.length > 0;
}

function targetType(manifest: ImageManifest, { manifestTypes }: DestinationCapabilities): string {
  const type = chooseManifestType(manifest.mediaType, manifestTypes);
  if (type !== undefined) return type;
  throw new OcipushError(
    'UNSUPPORTED',
    `the destination takes none of the formats of the image: ${manifest.mediaType}`,
    { origin: 'destination' },
  );
}

function actionFor(
  manifest: ImageManifest,
  { descriptor, compression }: LayerFacts,
  { layerCompression, acceptsForeignLayers }: DestinationCapabilities,
): LayerAction {
  if (isForeign(descriptor) && acceptsForeignLayers) return 'refer';
  if (!isImageLayer(manifest, descriptor)) return 'copy';
  if (layerCompression === 'compress' && compression === 'none') return 'gzip';
  if (layerCompression === 'decompress' && compression !== 'none') return 'decompress';
  return 'copy';
}

/** Layers of artifacts are never touched, even where their type is that of an image layer. */
function isImageLayer(manifest: ImageManifest, { mediaType }: Descriptor): boolean {
  const isImage = manifest.mediaType !== OCI_MANIFEST || manifest.config.mediaType === OCI_CONFIG;
  return isImage && layerTypeWith(mediaType, 'gzip') !== undefined;
}

/**
 * How a manifest that is written anew speaks of a layer: with the type that its bytes have, which
 * need not be what the source said.
 */
function plannedDescriptor(manifest: ImageManifest, layer: LayerPlan): Descriptor {
  const { descriptor, action, compression } = layer;
  if (action === 'refer' || !isImageLayer(manifest, descriptor)) return descriptor;
  const { digest, size } = descriptor;
  switch (action) {
    // Annotations speak of bytes that are no longer there, and go, as in the reference.
    case 'gzip':
      return { mediaType: typeWith(descriptor.mediaType, 'gzip'), digest, size };
    case 'decompress':
      return { mediaType: typeWith(descriptor.mediaType, 'none'), digest, size };
    case 'copy': {
      const { urls: _urls, ...kept } = descriptor;
      return { ...kept, mediaType: typeWith(descriptor.mediaType, compression) };
    }
  }
}

function typeWith(mediaType: string, compression: Compression): string {
  if (compression === 'bzip2' || compression === 'xz') return mediaType;
  return layerTypeWith(mediaType, compression) ?? mediaType;
}
