/** Artifacts of a stored list: podman keeps their manifests in the list, and of files where they are. */
import { digestMismatch, digestOf, type Digest } from '../../image/digest.ts';
import { parseImageManifest } from '../../image/manifest.ts';
import { OCI_MANIFEST } from '../../image/media-types.ts';
import { memberAt, parseJsonObject } from '../../io/bounded-json.ts';
import { hasBigData, readBigData } from './big-data.ts';
import type { StoredImage } from './image-lookup.ts';
import type { BlobPlace, OpenedImage } from './stored-image.ts';

/** The item of a list that `podman manifest add --artifact` writes. */
const ARTIFACTS_KEY = 'artifacts.json';

/**
 * The artifact of a list that has this digest; undefined where there is none.
 * @throws OcipushError DIGEST_MISMATCH, MANIFEST_INVALID, or of reading
 */
export async function openStoredArtifact(
  list: StoredImage,
  digest: Digest,
): Promise<OpenedImage | undefined> {
  if (!hasBigData(list, ARTIFACTS_KEY)) return undefined;
  const artifacts = parseJsonObject(await readBigData(list, ARTIFACTS_KEY), ARTIFACTS_KEY);
  const text = memberAt(artifacts, 'manifests', digest);
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text);
  if (digestOf(bytes) !== digest) throw digestMismatch(digest, digestOf(bytes));
  const manifest = { bytes, mediaType: OCI_MANIFEST, digest };
  const { config, layers } = parseImageManifest(bytes, OCI_MANIFEST);
  const blobs = [config, ...layers].flatMap((blob): (readonly [Digest, BlobPlace])[] => {
    const place = placeOf(artifacts, blob.digest);
    return place ? [[blob.digest, place]] : [];
  });
  return { image: list, manifest, stored: manifest, blobs: new Map(blobs) };
}

function placeOf(artifacts: unknown, blob: Digest): BlobPlace | undefined {
  const path = memberAt(artifacts, 'detached', blob);
  if (typeof path === 'string') return { kind: 'file', path };
  const content = memberAt(artifacts, 'blobs', blob);
  return typeof content === 'string'
    ? { kind: 'bytes', bytes: Buffer.from(content, 'base64') }
    : undefined;
}
