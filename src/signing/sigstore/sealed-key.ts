/** Opens the private keys that cosign and skopeo seal with a passphrase. */
import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { messageOf, OcipushError } from '../../errors.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '../../io/bounded-json.ts';

/**
 * The costs of scrypt that are written, and all that the reference takes
 * (go-securesystemslib encrypted/encrypted.go): any other could be meant to use up the machine.
 */
const SCRYPT_COSTS: readonly unknown[] = [32_768, 65_536, 131_072];
const SCRYPT_BLOCK = 8;
const SCRYPT_LANES = 1;
/** Bytes; scrypt needs 128 * N * r, which is 128 MiB at most. */
const SCRYPT_MEMORY = 256 * 1024 * 1024;

const KEY_LENGTH = 32;
const NONCE_LENGTH = 24;

const derive = promisify<
  Uint8Array,
  Uint8Array,
  number,
  { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number },
  Buffer
>(scrypt);

/**
 * The key in a sealed envelope (JSON), as unencrypted PKCS#8 DER.
 * @throws OcipushError KEY_INVALID, also when the passphrase is wrong
 */
export async function openSealedKey(
  envelope: Uint8Array,
  passphrase: Uint8Array,
): Promise<Uint8Array> {
  const { cost, salt, nonce, ciphertext } = parseEnvelope(envelope);
  const options = { N: cost, r: SCRYPT_BLOCK, p: SCRYPT_LANES, maxmem: SCRYPT_MEMORY };
  const key = await derive(passphrase, salt, KEY_LENGTH, options);
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  try {
    return xsalsa20poly1305(key, nonce).decrypt(ciphertext);
  } catch {
    throw invalid(
      'decrypt: encrypted: decryption failed',
      'the passphrase is wrong; put the right one into the file of --sign-passphrase-file',
    );
  }
}

function parseEnvelope(bytes: Uint8Array) {
  const root = parseRoot(bytes);
  const kdf = objectAt(root, 'kdf');
  const cipher = objectAt(root, 'cipher');
  const { N: cost, r, p } = objectAt(kdf, 'params');
  checkName('kdf', kdf['name'], 'scrypt');
  checkName('cipher', cipher['name'], 'nacl/secretbox');
  if (!SCRYPT_COSTS.includes(cost) || r !== SCRYPT_BLOCK || p !== SCRYPT_LANES) {
    throw invalid('unsupported scrypt parameters');
  }
  const nonce = bytesAt(cipher, 'nonce');
  if (nonce.length !== NONCE_LENGTH) throw invalid('encrypted: incorrect nonce size');
  return {
    cost: Number(cost),
    salt: bytesAt(kdf, 'salt'),
    nonce,
    ciphertext: bytesAt(root, 'ciphertext'),
  };
}

function parseRoot(bytes: Uint8Array): JsonObject {
  try {
    return parseJsonObject(bytes, 'encrypted key');
  } catch (error) {
    throw invalid(messageOf(error));
  }
}

function objectAt(parent: JsonObject, name: string): JsonObject {
  const value = parent[name];
  return isJsonObject(value) ? value : {};
}

function checkName(what: string, found: unknown, expected: string): void {
  if (found === expected) return;
  throw invalid(
    `encrypted: unknown ${what} name ${JSON.stringify(typeof found === 'string' ? found : '')}`,
  );
}

function bytesAt(parent: JsonObject, name: string): Uint8Array {
  const value = parent[name];
  if (typeof value === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(value)) {
    return Buffer.from(value, 'base64');
  }
  throw invalid(`encrypted: ${name} is not in base64`);
}

function invalid(message: string, hint = 'make a key with cosign generate-key-pair'): OcipushError {
  return new OcipushError('KEY_INVALID', message, { origin: 'config', hint });
}
