/** The config of artifacts that need none. */
import { digestOf } from './digest.ts';
import type { Descriptor } from './descriptor.ts';

/** OCI image-spec manifest.md, guidance for an empty descriptor. */
export const EMPTY_CONFIG_BYTES: Uint8Array = Buffer.from('{}');

export const EMPTY_CONFIG: Descriptor = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: digestOf(EMPTY_CONFIG_BYTES),
  size: EMPTY_CONFIG_BYTES.length,
};
