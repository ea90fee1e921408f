/** Wraps keys of layers as JSON Web Encryption (RFC 7516), in the forms that ocicrypt reads. */
import type { KeyObject } from 'node:crypto';
import { FlattenedEncrypt, GeneralEncrypt } from 'jose';
import type { RecipientFile } from './recipient.ts';
import { keyError, readKeyFile } from './key-file.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import { parsePublicKey, type PublicKey } from './public-key.ts';

const ANNOTATION = 'org.opencontainers.image.enc.keys.jwe';

/** Encrypts the content; the reference knows more, and writes this. */
const CONTENT = 'A256GCM';

/** The algorithms that the reference decrypts, by the type of key; the first where a key names none. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  rsa: ['RSA-OAEP', 'RSA-OAEP-256'],
  ec: ['ECDH-ES+A256KW', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW'],
};

/** The curves of RFC 7518, 6.2.1.1, by OpenSSL's names. */
const CURVES: readonly unknown[] = ['prime256v1', 'secp384r1', 'secp521r1'];

/** RFC 7518, 4.3. */
const LEAST_RSA_BITS = 2048;

interface JweRecipient {
  readonly key: KeyObject;
  readonly header: { readonly alg: string; readonly kid?: string };
}

/** @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, KEY_INVALID */
export async function openJweWrapper(files: readonly RecipientFile[]): Promise<KeyWrapper> {
  const recipients: JweRecipient[] = [];
  for (const { file } of files) {
    recipients.push(jweRecipient(parsePublicKey(await readKeyFile(file), file), file));
  }
  return { annotation: ANNOTATION, wrap: (payload) => wrapFor(recipients, payload) };
}

/** One recipient has all in the protected header; several have what is theirs beside it. */
async function wrapFor(
  recipients: readonly JweRecipient[],
  payload: Uint8Array,
): Promise<Uint8Array> {
  const [first, ...others] = recipients;
  if (first && others.length === 0) {
    const protectedHeader = { ...first.header, enc: CONTENT };
    const jwe = new FlattenedEncrypt(payload).setProtectedHeader(protectedHeader);
    return Buffer.from(JSON.stringify(await jwe.encrypt(first.key)));
  }
  const jwe = new GeneralEncrypt(payload).setProtectedHeader({ enc: CONTENT });
  for (const { key, header } of recipients) jwe.addRecipient(key).setUnprotectedHeader(header);
  return Buffer.from(JSON.stringify(await jwe.encrypt()));
}

function jweRecipient({ key, algorithm, keyID }: PublicKey, path: string): JweRecipient {
  const type = key.asymmetricKeyType ?? '';
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const known = ALGORITHMS[type];
  if (known === undefined || (type === 'ec' && !CURVES.includes(namedCurve))) {
    const kind = [type, namedCurve].filter(Boolean).join(' ');
    throw keyError(`${path} is a key of a kind that JWE does not encrypt with: ${kind}`, KINDS);
  }
  if (type === 'rsa' && modulusLength < LEAST_RSA_BITS) {
    throw keyError(`${path} is an RSA key of ${modulusLength} bits, which is too short`, KINDS);
  }
  const alg = algorithm ?? known[0] ?? '';
  if (!known.includes(alg)) {
    throw keyError(
      `${alg} is an unsupported JWE key algorithm: ${path}`,
      `name one of these in the key, or none: ${known.join(', ')}`,
    );
  }
  return { key, header: { alg, ...(keyID !== undefined && { kid: keyID }) } };
}

const KINDS = 'use a key of RSA with 2048 bits or more, or of the curves P-256, P-384 or P-521';
