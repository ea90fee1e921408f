/** Opens one image of the storage: its manifest as it is delivered, and where its blobs stand. */
import type { Descriptor } from '../../image/descriptor.ts';
import { digestAlgorithm, digestMismatch, type Digest } from '../../image/digest.ts';
import { manifestDigest, manifestTypeOf } from '../../image/manifest-type.ts';
import { parseImageManifest } from '../../image/manifest.ts';
import { isListType, isManifestType } from '../../image/media-types.ts';
import { OcipushError } from '../../errors.ts';
import { isJsonObject, parseJsonObject } from '../../io/bounded-json.ts';
import { partError } from '../source-error.ts';
import type { RawManifest } from '../transport.ts';
import { bigDataPath, hasBigData, MANIFEST_KEY, readBigData } from './big-data.ts';
import type { StoredImage } from './image-lookup.ts';
import type { LayerFiles } from './rebuild.ts';
import { findLayers } from './stored-layer.ts';
import { deliveredManifest } from './stored-manifest.ts';
import type { StorageView } from './store.ts';

/** Where the bytes of a blob come from. */
export type BlobPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'layer'; readonly files: LayerFiles };

export interface OpenedImage {
  readonly image: StoredImage;
  /** Of a list: as it is stored. */
  readonly manifest: RawManifest;
  /** What the image was written with: its layers may have been compressed then. */
  readonly stored: RawManifest;
  readonly blobs: ReadonlyMap<Digest, BlobPlace>;
}

/**
 * @param digest which of the manifests of the image is wanted; the last written one unless told
 * @throws OcipushError BLOB_UNKNOWN, UNSUPPORTED, MANIFEST_INVALID, DIGEST_MISMATCH
 */
export async function openStoredImage(
  view: StorageView,
  image: StoredImage,
  digest?: Digest,
): Promise<OpenedImage> {
  const stored = await readManifest(image, digest);
  if (isListType(stored.mediaType)) return { image, manifest: stored, stored, blobs: new Map() };
  if (!isManifestType(stored.mediaType)) throw unsupportedManifest(image, stored.mediaType);
  const manifest = parseImageManifest(stored.bytes, stored.mediaType);
  const layers = await findLayers(view, image.record.layer);
  const config = configPlace(image, manifest.config);
  return {
    image,
    manifest: deliveredManifest(stored, manifest, layers),
    stored,
    blobs: new Map([
      ...layers.map(({ diffID, files }) => [diffID, { kind: 'layer', files }] as const),
      config,
    ]),
  };
}

/** Whether signatures of one of the image's manifests are stored; of the last one unless told. */
export function hasStoredSignatures({ record }: StoredImage, digest?: Digest): boolean {
  if (record.metadata === '') return false;
  const metadata = parseJsonObject(Buffer.from(record.metadata), 'image metadata');
  const byDigest = metadata['signatures-sizes'];
  const sizes =
    digest === undefined ? metadata['signature-sizes'] : isJsonObject(byDigest) && byDigest[digest];
  return Array.isArray(sizes) && sizes.length > 0;
}

/** A list that an image came through is not the image: what its digest means is the image. */
async function readManifest(image: StoredImage, digest?: Digest): Promise<RawManifest> {
  const key = `${MANIFEST_KEY}-${digest}`;
  if (digest === undefined || !hasBigData(image, key)) return readItem(image, MANIFEST_KEY, digest);
  const manifest = await readItem(image, key, digest);
  const isOrigin = isListType(manifest.mediaType) && image.record.layer !== undefined;
  return isOrigin ? readItem(image, MANIFEST_KEY) : manifest;
}

async function readItem(image: StoredImage, key: string, wanted?: Digest): Promise<RawManifest> {
  const bytes = await readBigData(image, key).catch((error: unknown) => {
    throw partError(error, `reading the manifest of image ${image.record.id}`);
  });
  const digest = manifestDigest(bytes, wanted && digestAlgorithm(wanted));
  if (wanted !== undefined && digest !== wanted) throw digestMismatch(wanted, digest);
  return { bytes, mediaType: manifestTypeOf(bytes), digest };
}

function configPlace(image: StoredImage, { digest }: Descriptor): readonly [Digest, BlobPlace] {
  return [digest, { kind: 'file', path: bigDataPath(image, digest) }];
}

function unsupportedManifest({ record }: StoredImage, mediaType: string): OcipushError {
  return new OcipushError('UNSUPPORTED', `image ${record.id} has a manifest of type ${mediaType}`, {
    origin: 'source',
    hint: 'podman save writes an archive with a newer one, which can be pushed',
  });
}
