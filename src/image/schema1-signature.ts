/** The signature inside Docker v2s1 manifests, a JWS in libtrust's form: reading and making it. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { encodeJson, type JsonStruct } from './json-encoder.ts';
import {
  invalidField,
  readList,
  readMembers,
  readSize,
  readString,
  type JsonField,
} from './json-field.ts';
import { parseManifestJson } from './manifest-json.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The bytes that a signed manifest signs: they are what its digest is made of. The signatures
 * themselves are not checked, since anyone may have made them.
 * @throws OcipushError MANIFEST_INVALID when the signatures do not agree on what they sign
 */
export function schema1Payload(manifest: Uint8Array): Uint8Array {
  const field = readMembers(parseManifestJson(manifest, 'manifest'))('signatures');
  const [first, ...others] = readList(field).map(readFormat);
  if (first === undefined) throw invalidField(field, 'expected a signature');
  if (first.length > manifest.length) throw invalidField(field, 'invalid format length');
  if (others.some(({ length }) => length !== first.length)) {
    throw invalidField(field, 'conflicting format length');
  }
  if (others.some(({ tail }) => !tail.equals(first.tail))) {
    throw invalidField(field, 'conflicting format tail');
  }
  return Buffer.concat([manifest.subarray(0, first.length), first.tail]);
}

/**
 * Signs compact JSON with a key that is forgotten at once: registries ask for a signature, nobody
 * for a certain one. `time` is what the signature says about when it was made.
 */
export function signSchema1(payload: Uint8Array, time: Date): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const formatLength = payload.length - 1;
  const protectedHeader = base64url(
    encodeJson({
      formatLength,
      formatTail: base64url(payload.subarray(formatLength)),
      time: `${time.toISOString().slice(0, 19)}Z`,
    }),
  );
  const signature = sign('sha256', Buffer.from(`${protectedHeader}.${base64url(payload)}`), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  const signatures = encodeJson([
    {
      header: { jwk: publicJwk(publicKey), alg: 'ES256' },
      signature: base64url(signature),
      protected: protectedHeader,
    },
  ]);
  return Buffer.concat([
    payload.subarray(0, formatLength),
    Buffer.from(',"signatures":'),
    signatures,
    payload.subarray(formatLength),
  ]);
}

/** libtrust's name of a public key: 240 bits of a hash in twelve groups of base32. */
export function libtrustKeyId(key: KeyObject): string {
  const hash = createHash('sha256').update(key.export({ type: 'spki', format: 'der' }));
  const digits = BigInt(`0x${hash.digest('hex').slice(0, 60)}`)
    .toString(32)
    .padStart(48, '0');
  const letters = digits.replace(/./g, (digit) => BASE32.charAt(Number.parseInt(digit, 32)));
  return letters.replace(/.{4}(?=.)/g, '$&:');
}

function publicJwk(key: KeyObject): JsonStruct {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  return { crv, kid: libtrustKeyId(key), kty, x, y };
}

/** How many bytes of the manifest are signed, and the bytes that then follow in what is signed. */
function readFormat(signature: JsonField): { readonly length: number; readonly tail: Buffer } {
  const field = readMembers(signature)('protected');
  const member = readMembers(parseManifestJson(readBase64url(field), 'protected header'));
  return { length: readSize(member('formatLength')), tail: readBase64url(member('formatTail')) };
}

function readBase64url(field: JsonField): Buffer {
  const text = readString(field);
  if (!/^[\w-]*={0,2}$/.test(text)) throw invalidField(field, 'expected base64url');
  return Buffer.from(text, 'base64url');
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
