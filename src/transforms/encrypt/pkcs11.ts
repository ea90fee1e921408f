/** Wraps keys of layers with RSA for private keys that are kept in tokens (PKCS #11). */
import { constants, publicEncrypt, type KeyObject } from 'node:crypto';
import { OcipushError } from '../../errors.ts';
import { keyError, readKeyFile } from './key-file.ts';
import type { KeyContext, KeyWrapper } from './key-wrapper.ts';
import { parsePublicKey } from './public-key.ts';
import type { RecipientOf } from './recipient.ts';
import { parseTokenKey, readTokenKey, tokenPath } from './token-key.ts';

type Pkcs11Recipient = RecipientOf<'pkcs11'>;

const ANNOTATION = 'org.opencontainers.image.enc.keys.pkcs11';

/** Chosen by the user, as in the reference: not all tokens decrypt with SHA-256. */
const VARIABLE = 'OCICRYPT_OAEP_HASHALG';
const HASHES: readonly string[] = ['sha256', 'sha1'];

/** @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, KEY_INVALID, CONFIG_INVALID */
export async function openPkcs11Wrapper(
  recipients: readonly Pkcs11Recipient[],
  context: KeyContext,
): Promise<KeyWrapper> {
  const hash = hashFor(context);
  const keys: KeyObject[] = [];
  for (const recipient of recipients) keys.push(await publicKeyOf(recipient, context));
  return {
    annotation: ANNOTATION,
    wrap: async (payload) => {
      const wrapped = keys.map((key) => ({
        version: 0,
        blob: encryptFor(key, hash, payload).toString('base64'),
        hash,
      }));
      return Buffer.from(JSON.stringify({ version: 0, recipients: wrapped }));
    },
  };
}

/** RSA-OAEP right over the payload (crypto/pkcs11/common.go). */
function encryptFor(key: KeyObject, hash: string, payload: Uint8Array): Buffer {
  const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash };
  try {
    return publicEncrypt(options, payload);
  } catch (error) {
    const { modulusLength } = key.asymmetricKeyDetails ?? {};
    throw keyError(
      `an RSA key of ${modulusLength} bits is too short for PKCS #11 with ${hash}`,
      `use a key of 3072 bits, or set ${VARIABLE}=sha1`,
      error,
    );
  }
}

async function publicKeyOf(recipient: Pkcs11Recipient, context: KeyContext): Promise<KeyObject> {
  if ('uri' in recipient) {
    return checked(await readTokenKey(recipient, context), tokenPath(recipient.uri));
  }
  const { file } = recipient;
  const bytes = await readKeyFile(file);
  const token = parseTokenKey(bytes, file);
  if (token) return checked(await readTokenKey(token, context), file);
  return checked(parsePublicKey(bytes, file).key, file);
}

function checked(key: KeyObject, where: string): KeyObject {
  if (key.asymmetricKeyType === 'rsa') return key;
  throw keyError(
    `Unsupported key object type for pkcs11 public key: ${where} is ${key.asymmetricKeyType}`,
    'use an RSA key of the token',
  );
}

function hashFor({ environment }: KeyContext): string {
  const hash = environment[VARIABLE] || 'sha256';
  if (HASHES.includes(hash)) return hash;
  throw new OcipushError('CONFIG_INVALID', `Unsupported OAEP hash '${hash}'`, {
    origin: 'config',
    hint: `set ${VARIABLE} to ${HASHES.join(' or ')}`,
  });
}
