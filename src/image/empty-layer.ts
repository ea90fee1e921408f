/** The blob that v2s1 manifests have in the place of a layer for steps that changed no file. */
import { digestOf } from './digest.ts';

/** An empty tar file in gzip, in the bytes that registries have had since Docker first wrote them. */
export const EMPTY_LAYER_BYTES: Uint8Array = Buffer.from(
  '1f8b080000096e8800ff621805a360148c5800080000ffff2eafb5ef00040000',
  'hex',
);

export const EMPTY_LAYER_DIGEST = digestOf(EMPTY_LAYER_BYTES);
