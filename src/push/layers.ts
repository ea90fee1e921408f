/** Decides what becomes of the bytes of a layer, from facts alone, and says why. */
import type { Descriptor } from '../image/descriptor.ts';
import type { ImageManifest } from '../image/manifest.ts';
import {
  layerTypeWith,
  OCI_CONFIG,
  OCI_MANIFEST,
  type CompressionFormat,
  type LayerCompression,
} from '../image/media-types.ts';
import { OcipushError } from '../errors.ts';
import type { DestinationCapabilities } from '../transports/transport.ts';
import { frozenError, type Frozen } from './frozen.ts';
import type { CompressionWish } from './options.ts';

/** `refer`: a foreign layer, whose bytes stay where its URLs say. */
export type LayerAction = 'copy' | 'refer' | 'decompress' | CompressionFormat;

/** A layer of the source, and how its bytes really are compressed, whatever its media type says. */
export interface LayerFacts {
  readonly descriptor: Descriptor;
  readonly compression: LayerCompression;
}

export interface LayerPlan extends LayerFacts {
  readonly action: LayerAction;
  /** How the bytes will be compressed. */
  readonly becomes: LayerCompression;
  /** Of that compression, where the bytes are recoded. */
  readonly level: number | undefined;
  readonly reason: string;
  /** Whether the bytes are encrypted, after all else. */
  readonly isEncrypted?: boolean;
}

/** What decides about all layers of an image. */
export interface LayerRules {
  readonly wanted: DestinationCapabilities['layerCompression'];
  readonly acceptsForeignLayers: boolean;
  /** Whether the manifest can say that a layer is zstd. */
  readonly takesZstd: boolean;
  readonly format: CompressionFormat | undefined;
  readonly level: number | undefined;
  readonly keepPlain: boolean;
  /** Whether the user asked for compression. */
  readonly isWished: boolean;
  readonly frozen: Frozen | undefined;
}

/** The format that layers come to have at a destination by a wish; undefined where it has no say. */
export function recodedFormat(
  { layerCompression }: DestinationCapabilities,
  { format, everywhere, yields }: CompressionWish,
): CompressionFormat | undefined {
  return yields && !everywhere && layerCompression !== 'compress' ? undefined : format;
}

/**
 * Joins what the destination wants with what the user does.
 * @throws OcipushError UNSUPPORTED when the destination cannot have layers as the user wishes
 */
export function layerRules(
  capabilities: DestinationCapabilities,
  wish: CompressionWish,
  { takesZstd, frozen }: Pick<LayerRules, 'takesZstd' | 'frozen'>,
): LayerRules {
  const { layerCompression, acceptsForeignLayers } = capabilities;
  const { level, everywhere, keepPlain, yields } = wish;
  const format = recodedFormat(capabilities, wish);
  const isWished = everywhere || (format !== undefined && !yields);
  if (isWished && layerCompression === 'decompress') {
    throw new OcipushError(
      'UNSUPPORTED',
      'layers cannot be compressed: the destination holds them uncompressed',
      {
        origin: 'usage',
        hint: 'leave out --compression-format and --compress for this destination',
      },
    );
  }
  const wanted = isWished ? 'compress' : layerCompression;
  return { wanted, acceptsForeignLayers, takesZstd, format, level, keepPlain, isWished, frozen };
}

/** @throws OcipushError UNSUPPORTED when something must be done that would change a frozen manifest */
export function planLayer(
  manifest: ImageManifest,
  facts: LayerFacts,
  rules: LayerRules,
): LayerPlan {
  const { action, reason } = decide(manifest, facts, rules);
  const { frozen, level } = rules;
  if (frozen === undefined || action === 'copy' || action === 'refer') {
    return { ...facts, action, becomes: compressionAfter(action, facts), level, reason };
  }
  if (action === 'decompress') throw frozenError(frozen, 'decompressing layers');
  if (rules.isWished) throw frozenError(frozen, `compressing layers as ${action}`);
  // What nobody asked for is left undone, as in the reference.
  return { ...facts, action: 'copy', becomes: facts.compression, level, reason: frozen.reason };
}

/** Whether the bytes of a layer are to be had elsewhere. */
export function isForeign({ urls = [] }: Descriptor): boolean {
  return urls.length > 0;
}

/** Layers of artifacts are never touched, even where their type is that of an image layer. */
export function isImageLayer(manifest: ImageManifest, { mediaType }: Descriptor): boolean {
  const isImage = manifest.mediaType !== OCI_MANIFEST || manifest.config.mediaType === OCI_CONFIG;
  return isImage && layerTypeWith(mediaType, 'gzip') !== undefined;
}

interface Decision {
  readonly action: LayerAction;
  readonly reason: string;
}

function decide(
  manifest: ImageManifest,
  { descriptor, compression }: LayerFacts,
  rules: LayerRules,
): Decision {
  if (isForeign(descriptor) && rules.acceptsForeignLayers) {
    return { action: 'refer', reason: 'its bytes stay where its URLs say' };
  }
  if (!isImageLayer(manifest, descriptor)) {
    return { action: 'copy', reason: 'it is no layer of an image that can be recoded' };
  }
  if (rules.wanted === 'compress') return decideCompression(compression, rules);
  if (compression === 'none') return { action: 'copy', reason: 'it is not compressed' };
  if (rules.wanted === 'decompress') {
    return { action: 'decompress', reason: 'the destination takes layers uncompressed' };
  }
  if (isZstd(compression) && !rules.takesZstd) {
    return { action: 'decompress', reason: 'an image in the format of Docker has no zstd layers' };
  }
  return { action: 'copy', reason: 'the destination takes layers as they are' };
}

function decideCompression(
  compression: LayerCompression,
  { format, keepPlain, takesZstd }: LayerRules,
): Decision {
  if (compression === 'none') {
    if (keepPlain) return { action: 'copy', reason: 'uncompressed layers are accepted' };
    return { action: format ?? 'gzip', reason: 'it is not compressed yet' };
  }
  if (
    format !== undefined &&
    format !== compression &&
    !(format === 'zstd' && isZstd(compression))
  ) {
    return { action: format, reason: `${format} is asked for` };
  }
  if (isZstd(compression) && !takesZstd) {
    return { action: 'gzip', reason: 'an image in the format of Docker has no zstd layers' };
  }
  return { action: 'copy', reason: `it is compressed already, as ${compression}` };
}

function compressionAfter(action: LayerAction, { compression }: LayerFacts): LayerCompression {
  if (action === 'copy' || action === 'refer') return compression;
  return action === 'decompress' ? 'none' : action;
}

/** Who reads zstd reads zstd:chunked as well. */
export function isZstd(compression: LayerCompression): boolean {
  return compression === 'zstd' || compression === 'zstd:chunked';
}
