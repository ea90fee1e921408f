/** The artifacts in which bundles are stored: they refer to the image, and so are found (cosign, BUNDLE_SPEC.md). */
import type { Descriptor } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { EMPTY_CONFIG, EMPTY_CONFIG_BYTES } from '../../image/empty-config.ts';
import { encodeImageManifest } from '../../image/manifest.ts';
import { OCI_MANIFEST } from '../../image/media-types.ts';
import {
  CONTENT_ANNOTATION,
  PREDICATE_ANNOTATION,
  SIGN_PREDICATE,
  type ReferringManifest,
} from '../../image/referrers.ts';
import type { SigstoreBundle } from '../../image/signature.ts';
import type { AttachedBlob } from './attachments.ts';
import { BUNDLE_TYPE } from './bundle.ts';

/** What must be stored so that a bundle is found: blobs first. */
export interface BundleArtifact {
  readonly blobs: readonly AttachedBlob[];
  readonly manifest: ReferringManifest;
}

export function bundleSignature(bundle: Uint8Array, created: Date): SigstoreBundle {
  return {
    format: 'sigstore-bundle',
    mediaType: BUNDLE_TYPE,
    payload: bundle,
    annotations: {
      [CONTENT_ANNOTATION]: 'dsse-envelope',
      [PREDICATE_ANNOTATION]: SIGN_PREDICATE,
      'org.opencontainers.image.created': created.toISOString().replace(/\.\d+Z$/, 'Z'),
    },
  };
}

/** @param subject media type, digest and size of the manifest that is signed */
export function bundleArtifact(
  { mediaType, payload, annotations }: SigstoreBundle,
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
): BundleArtifact {
  const layer = { mediaType, digest: digestOf(payload), size: payload.length };
  const bytes = encodeImageManifest({
    mediaType: OCI_MANIFEST,
    namesMediaType: true,
    artifactType: mediaType,
    config: EMPTY_CONFIG,
    layers: [layer],
    subject,
    annotations,
  });
  return {
    blobs: [
      { descriptor: EMPTY_CONFIG, bytes: EMPTY_CONFIG_BYTES },
      { descriptor: layer, bytes: payload },
    ],
    manifest: { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) },
  };
}
