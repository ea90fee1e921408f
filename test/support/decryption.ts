/** Decrypts layers as a recipient does who has the private key to a JWE. */
import { createDecipheriv, createHmac, type KeyObject } from 'node:crypto';
import { flattenedDecrypt, type FlattenedJWE } from 'jose';
import type { Descriptor } from '../../src/image/descriptor.ts';

const KEYS = 'org.opencontainers.image.enc.keys.jwe';
const PUBLIC_OPTIONS = 'org.opencontainers.image.enc.pubopts';

interface PrivateOptions {
  readonly symkey: string;
  readonly digest: string;
  readonly cipheroptions: { readonly nonce: string };
}

export interface DecryptedLayer {
  readonly plain: Buffer;
  readonly options: PrivateOptions;
}

/** @throws Error when the layer is not for this key, or not what its descriptor says */
export async function decryptLayer(
  { annotations = {} }: Descriptor,
  bytes: Uint8Array,
  privateKey: KeyObject,
): Promise<DecryptedLayer> {
  const jwe = JSON.parse(fromBase64(annotations[KEYS]).toString()) as FlattenedJWE;
  const { plaintext } = await flattenedDecrypt(jwe, privateKey);
  const options = JSON.parse(Buffer.from(plaintext).toString()) as PrivateOptions;
  const key = fromBase64(options.symkey);
  const { hmac } = JSON.parse(fromBase64(annotations[PUBLIC_OPTIONS]).toString()) as {
    readonly hmac: string;
  };
  if (createHmac('sha256', key).update(bytes).digest('base64') !== hmac) {
    throw new Error('the layer is not the one that was encrypted');
  }
  const decipher = createDecipheriv('aes-256-ctr', key, fromBase64(options.cipheroptions.nonce));
  return { plain: decipher.update(bytes), options };
}

function fromBase64(text = ''): Buffer {
  return Buffer.from(text, 'base64');
}
