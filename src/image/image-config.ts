/** The facts of an image configuration that a push needs: its layers, and where it runs. */
import { parsePlatformFields } from './descriptor-json.ts';
import type { Platform } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { readDigest, readList, readMembers } from './json-field.ts';
import { parseManifestJson } from './manifest-json.ts';

/** OCI image-spec config.md; Docker's configuration has the same members. */
export interface ImageConfig {
  /** Digests of the uncompressed layers, base first. */
  readonly diffIDs: readonly Digest[];
  readonly platform: Platform;
}

/**
 * Reads the config of an image; configs of artifacts are not of this kind.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const root = parseManifestJson(bytes, 'image config');
  const rootfs = readMembers(readMembers(root)('rootfs'));
  return {
    diffIDs: readList(rootfs('diff_ids')).map(readDigest),
    platform: parsePlatformFields(root),
  };
}
