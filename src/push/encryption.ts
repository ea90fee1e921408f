/** Decides which layers are encrypted, from facts alone. */
import { withoutContentsTable } from '../image/descriptor.ts';
import type { ImageManifest } from '../image/manifest.ts';
import { isEncryptedType } from '../image/media-types.ts';
import { OcipushError } from '../errors.ts';
import type { DestinationCapabilities } from '../transports/transport.ts';
import type { Frozen } from './frozen.ts';
import { isImageLayer, type LayerPlan } from './layers.ts';
import type { EncryptionWish, PushOptions } from './options.ts';

/** Annotations of a layer that come from its encryption, and from nothing else. */
const ENCRYPTION_ANNOTATIONS = 'org.opencontainers.image.enc.';

/** What decides about encryption beside the layers. */
export interface EncryptionRules {
  readonly wish: EncryptionWish | undefined;
  readonly frozen: Frozen | undefined;
  readonly capabilities: Pick<DestinationCapabilities, 'unpacksLayers'>;
}

/**
 * Adds to what becomes of layers which of them are encrypted then. Those that are so already stay as
 * they are, and foreign ones that stay elsewhere cannot be.
 * @throws OcipushError USAGE for a layer that the image does not have; UNSUPPORTED for what cannot be
 * encrypted, and at destinations that read layers
 */
export function planEncryption(
  manifest: ImageManifest,
  layers: readonly LayerPlan[],
  { wish, frozen, capabilities }: EncryptionRules,
): readonly LayerPlan[] {
  const chosen = wish ? chosenLayers(wish, layers.length) : new Set<number>();
  const planned = layers.map((layer, index) => {
    if (isEncrypted(layer)) return { ...layer, reason: 'it is encrypted already' };
    if (!chosen.has(index)) return layer;
    if (layer.action === 'refer' && wish?.layers.length === 0) return layer;
    checkEncryptable(manifest, layer, frozen);
    return { ...layer, isEncrypted: true };
  });
  if (capabilities.unpacksLayers && hasEncrypted(planned)) throw unpacked();
  return planned;
}

/** What the user wants encrypted, and must know that it is not. */
export function encryptionWarnings(
  layers: readonly LayerPlan[],
  wish: EncryptionWish | undefined,
): readonly string[] {
  if (wish === undefined) return [];
  const chosen = chosenLayers(wish, layers.length);
  return layers
    .filter((layer, index) => chosen.has(index) && isEncrypted(layer))
    .map(
      ({ descriptor }) =>
        `layer ${descriptor.digest} is encrypted already, and stays so for its own recipients alone`,
    );
}

/** Whether any of the layers will be encrypted in the end. */
export function hasEncrypted(layers: readonly LayerPlan[]): boolean {
  return layers.some((layer) => layer.isEncrypted || isEncrypted(layer));
}

/** What is still true of a layer once it is encrypted. */
export function lastingAnnotations(
  annotations: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const lasting = Object.entries(withoutContentsTable(annotations)).filter(
    ([name]) => !name.startsWith(ENCRYPTION_ANNOTATIONS),
  );
  return Object.fromEntries(lasting);
}

/** Nobody can read single files of what is encrypted as a whole. */
export function withoutChunking(options: PushOptions): PushOptions {
  const { compression, addCompression } = options;
  const format = compression.format === 'zstd:chunked' ? 'zstd' : compression.format;
  const added = addCompression.map((each) => (each === 'zstd:chunked' ? 'zstd' : each));
  return {
    ...options,
    compression: { ...compression, format },
    addCompression: [...new Set(added)],
  };
}

function isEncrypted({ descriptor }: LayerPlan): boolean {
  return isEncryptedType(descriptor.mediaType);
}

/** @throws OcipushError USAGE, in the reference's words */
function chosenLayers({ layers }: EncryptionWish, count: number): ReadonlySet<number> {
  if (layers.length === 0) return new Set(Array.from({ length: count }).keys());
  for (const index of layers) {
    if (index >= -count && index < count) continue;
    throw new OcipushError(
      'USAGE',
      `when choosing layers to encrypt, layer index ${index} out of range (${count} layers exist)`,
      { origin: 'usage', hint: 'count from 0 at the base, or from -1 at the top' },
    );
  }
  return new Set(layers.map((index) => (index < 0 ? index + count : index)));
}

/** @throws OcipushError UNSUPPORTED */
function checkEncryptable(
  manifest: ImageManifest,
  { descriptor, action }: LayerPlan,
  frozen: Frozen | undefined,
): void {
  const { digest, mediaType, annotations = {} } = descriptor;
  if (frozen) {
    throw unsupported(
      `layer ${digest} should be encrypted, but we can't modify the manifest: ${frozen.reason}`,
      frozen.hint,
    );
  }
  if (action === 'refer') {
    throw unsupported(`layer ${digest} cannot be encrypted: its bytes stay where its URLs say`);
  }
  if (!isImageLayer(manifest, descriptor)) {
    throw unsupported(
      `encryption specified but no counterpart for mediatype: ${JSON.stringify(mediaType)}`,
    );
  }
  if (Object.keys(annotations).some((name) => name.startsWith(`${ENCRYPTION_ANNOTATIONS}keys.`))) {
    throw unsupported(
      `layer ${digest} has the keys of an encryption, and a type that does not speak of one`,
    );
  }
}

function unpacked(): OcipushError {
  return unsupported(
    'encryption required but the destination unpacks layers, which it cannot do with encrypted ones',
    'push to a registry, or into an OCI layout',
  );
}

function unsupported(
  message: string,
  hint = 'choose the layers to encrypt: --encrypt-layer',
): OcipushError {
  return new OcipushError('UNSUPPORTED', message, { origin: 'usage', hint });
}
