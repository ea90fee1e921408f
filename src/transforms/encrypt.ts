/** Encrypts layers: AES-256 in counter mode, and a code over the encrypted bytes that proves them whole. */
import { createCipheriv, createHmac, type Cipher } from 'node:crypto';
import type { ByteStream } from '../io/bytes.ts';
import { discard } from '../io/discard.ts';
import type { LayerKey } from './encrypt/layer-key.ts';

/** Says how a layer is encrypted, and holds the code; the keys stand beside it, for each protocol. */
export const PUBLIC_OPTIONS_ANNOTATION = 'org.opencontainers.image.enc.pubopts';

/** Bytes that are enciphered at a time: for more at once the system would map memory anew, and clear it. */
const PIECE = 64 * 1024;

/** A stream being encrypted. */
export interface Encrypting {
  /** As many bytes as were given. */
  readonly stream: ByteStream;
  /**
   * What the descriptor of the layer has to say for it to be decrypted, apart from the keys.
   * @throws TypeError while the stream has not been taken to its end
   */
  readonly annotations: () => Readonly<Record<string, string>>;
}

/**
 * Encrypts the bytes of one layer as ocicrypt does under the name AES_256_CTR_HMAC_SHA256
 * (blockcipher_aes_ctr.go). The same bytes under the same key give the same result.
 */
export function encrypt(input: ByteStream, { key, nonce }: LayerKey): Encrypting {
  let code: Buffer | undefined;
  async function* stream(): ByteStream {
    const cipher = createCipheriv('aes-256-ctr', key, nonce);
    const hmac = createHmac('sha256', key);
    let memory = new Uint8Array(0);
    for await (const chunk of input) {
      if (memory.length < chunk.length) memory = new Uint8Array(chunk.length);
      const encrypted = memory.subarray(0, chunk.length);
      encipher(cipher, chunk, encrypted);
      hmac.update(encrypted);
      yield encrypted;
    }
    code = hmac.digest();
  }
  return {
    stream: stream(),
    annotations: () => {
      if (code === undefined) throw new TypeError('the stream has not ended');
      return { [PUBLIC_OPTIONS_ANNOTATION]: publicOptions(code) };
    },
  };
}

/** What a cipher returns is new every time; freed at once, it is the same memory over and over. */
function encipher(cipher: Cipher, plain: Uint8Array, encrypted: Uint8Array): void {
  for (let start = 0; start < plain.length; start += PIECE) {
    const piece = cipher.update(plain.subarray(start, start + PIECE));
    encrypted.set(piece, start);
    discard(piece);
  }
}

/** The reference's JSON, member by member, in base64. */
function publicOptions(code: Buffer): string {
  const options = {
    cipher: 'AES_256_CTR_HMAC_SHA256',
    hmac: code.toString('base64'),
    cipheroptions: {},
  };
  return Buffer.from(JSON.stringify(options)).toString('base64');
}
