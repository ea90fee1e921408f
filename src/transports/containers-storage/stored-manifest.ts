/** The manifest of an image as it is delivered: with its layers uncompressed, as they are stored. */
import { withoutContentsTable, type Descriptor } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { withoutUndefined } from '../../image/json-field.ts';
import { encodeImageManifest, type ImageManifest } from '../../image/manifest.ts';
import { DOCKER_LAYER_TAR, layerTypeWith, OCI_MANIFEST } from '../../image/media-types.ts';
import { OcipushError } from '../../errors.ts';
import type { RawManifest } from '../transport.ts';
import { DAMAGED_HINT } from '../source-error.ts';
import type { StoredLayer } from './stored-layer.ts';

const OCI_LAYER_TAR = 'application/vnd.oci.image.layer.v1.tar';

/**
 * The stored bytes where the manifest already says what the storage has, else a manifest like it
 * with the layers that the storage has.
 * @throws OcipushError MANIFEST_INVALID when these are not as many
 */
export function deliveredManifest(
  stored: RawManifest,
  manifest: ImageManifest,
  layers: readonly StoredLayer[],
): RawManifest {
  checkCount(manifest.layers.length, layers.length);
  const delivered = manifest.layers.map((descriptor, index) =>
    deliveredLayer(manifest, descriptor, layers[index]),
  );
  if (delivered.every((layer, index) => layer === manifest.layers[index])) return stored;
  const bytes = encodeImageManifest({ ...manifest, layers: delivered });
  return { bytes, mediaType: stored.mediaType, digest: digestOf(bytes) };
}

/** The same object where there is nothing to change. */
function deliveredLayer(
  manifest: ImageManifest,
  descriptor: Descriptor,
  layer: StoredLayer | undefined,
): Descriptor {
  if (layer === undefined) return descriptor;
  const { diffID: digest, size } = layer;
  const isOci = manifest.mediaType === OCI_MANIFEST;
  const fallback = isOci ? OCI_LAYER_TAR : DOCKER_LAYER_TAR;
  const mediaType = layerTypeWith(descriptor.mediaType, 'none') ?? fallback;
  const same =
    descriptor.digest === digest &&
    descriptor.size === size &&
    descriptor.mediaType === mediaType &&
    descriptor.urls === undefined;
  if (same) return descriptor;
  // What URLs lead to, and what `data` holds, are the bytes of the other form.
  return withoutUndefined<Descriptor>({
    mediaType,
    digest,
    size,
    annotations: descriptor.annotations && withoutContentsTable(descriptor.annotations),
  });
}

function checkCount(wanted: number, found: number): void {
  if (wanted === found) return;
  const problem =
    wanted > found
      ? `expected more than ${found} physical layers to exist`
      : `used only ${wanted} out of ${found} physical layers`;
  throw new OcipushError('MANIFEST_INVALID', `reading the layers of the image: ${problem}`, {
    origin: 'source',
    hint: DAMAGED_HINT,
  });
}
