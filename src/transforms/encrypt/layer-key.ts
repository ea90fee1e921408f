/** The secret of one encrypted layer, and the form in which recipients get it. */
import { randomBytes } from 'node:crypto';
import type { Digest } from '../../image/digest.ts';

/** For one content and nothing else: two that are encrypted with it would give each other away. */
export interface LayerKey {
  /** 32 bytes; they key the cipher as well as the code. */
  readonly key: Uint8Array;
  /** 16 bytes: the first counter block. */
  readonly nonce: Uint8Array;
}

export function createLayerKey(): LayerKey {
  return { key: randomBytes(32), nonce: randomBytes(16) };
}

/**
 * What every recipient decrypts: the private options of ocicrypt (blockcipher.go), in JSON.
 * @param source of the layer as it was read
 */
export function privateOptions({ key, nonce }: LayerKey, source: Digest): Uint8Array {
  const options = {
    symkey: Buffer.from(key).toString('base64'),
    digest: source,
    cipheroptions: { nonce: Buffer.from(nonce).toString('base64') },
  };
  return Buffer.from(JSON.stringify(options));
}
