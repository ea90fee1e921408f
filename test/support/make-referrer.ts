/** Artifacts that refer to a manifest, without any content. */
import type { Digest } from '../../src/image/digest.ts';
import { digestOf } from '../../src/image/digest.ts';
import { EMPTY_CONFIG } from '../../src/image/empty-config.ts';
import { encodeImageManifest } from '../../src/image/manifest.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';

export function makeReferrer(artifactType: string, subject: Digest) {
  const bytes = encodeImageManifest({
    mediaType: OCI_MANIFEST,
    namesMediaType: true,
    artifactType,
    config: EMPTY_CONFIG,
    layers: [],
    subject: { mediaType: OCI_MANIFEST, digest: subject, size: 5 },
  });
  return { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) };
}
