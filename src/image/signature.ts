/** Signatures of manifests, and the blobs as which `dir:` and lookaside storage keep them. */
import { OcipushError } from '../errors.ts';
import { parseJsonObject } from '../io/bounded-json.ts';
import { encodeJson } from './json-encoder.ts';
import { readMembers, readString, readStringMap, type JsonField } from './json-field.ts';

/** A signature of a manifest, in one of the forms that destinations store. */
export type Signature = SimpleSignature | SigstoreSignature | SigstoreBundle;

/** An OpenPGP message that holds what it signs: containers-signature(5). */
interface SimpleSignature {
  readonly format: 'simple-signing';
  readonly bytes: Uint8Array;
}

/** What cosign attaches to an image, under a tag. */
export interface SigstoreSignature extends SigstoreParts {
  readonly format: 'sigstore';
}

/** What cosign 3 stores in an artifact that refers to the image; the payload is the bundle. */
export interface SigstoreBundle extends SigstoreParts {
  readonly format: 'sigstore-bundle';
}

interface SigstoreParts {
  readonly mediaType: string;
  readonly payload: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

export type SignatureFormat = Signature['format'];

/** Stands between the format, after a zero byte, and what is in it. */
const LINE_FEED = 0x0a;

/**
 * First bytes of an OpenPGP message (RFC 9580, 4.2): compressed, one-pass signed, signed. Those and
 * no others, as in the reference (image/internal/signature/signature.go).
 */
const OPENPGP_TAGS: readonly number[] = [
  0xa0, 0xa1, 0xa2, 0xa3, 0xc8, 0x90, 0x91, 0x92, 0xc4, 0x88, 0x89, 0x8a, 0x8b, 0xc2,
];

const SIMPLE_SIGNING = 'simple-signing';

/** The blob of a signature, byte for byte as the reference writes it; a bundle is one already. */
export function encodeSignature(signature: Signature): Uint8Array {
  if (signature.format === SIMPLE_SIGNING) return simpleBlob(signature.bytes);
  if (signature.format === 'sigstore-bundle') return signature.payload;
  const { mediaType, payload, annotations } = signature;
  const json = encodeJson({
    mimeType: mediaType,
    payload: Buffer.from(payload).toString('base64'),
    annotations: new Map(Object.entries(annotations)),
  });
  return Buffer.concat([Buffer.from('\0sigstore-json\n'), json]);
}

/** What begins as the line of a format does would be taken for that without a line of its own. */
function simpleBlob(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0 ? Buffer.concat([Buffer.from(`\0${SIMPLE_SIGNING}\n`), bytes]) : bytes;
}

/** @throws OcipushError SIGNATURE_INVALID when it is in no format that is known */
export function decodeSignature(blob: Uint8Array): Signature {
  const [first] = blob;
  if (first === undefined) throw invalid('empty signature blob');
  if (first !== 0) {
    if (OPENPGP_TAGS.includes(first)) return { format: 'simple-signing', bytes: blob };
    const binary = `0x${first.toString(16).padStart(2, '0')}`;
    throw invalid(`unrecognized signature format, starting with binary ${binary}`);
  }
  const end = blob.indexOf(LINE_FEED);
  if (end < 0) throw invalid('unrecognized signature format, without a line that names it');
  const format = Buffer.from(blob.subarray(1, end)).toString('latin1');
  const contents = blob.subarray(end + 1);
  if (format === SIMPLE_SIGNING) return { format, bytes: contents };
  if (format === 'sigstore-json') return readSigstore(contents);
  throw invalid(`unrecognized signature format ${JSON.stringify(format)}`);
}

function readSigstore(json: Uint8Array): Signature {
  const document = 'sigstore signature';
  try {
    const member = readMembers({ value: parseJsonObject(json, document), document, path: '' });
    return {
      format: 'sigstore',
      mediaType: readString(member('mimeType')),
      payload: readBase64(member('payload')),
      annotations: readStringMap(member('annotations')),
    };
  } catch (error) {
    throw error instanceof OcipushError ? invalid(error.message, error) : error;
  }
}

function readBase64(field: JsonField): Uint8Array {
  return Buffer.from(readString(field), 'base64');
}

function invalid(message: string, cause?: unknown): OcipushError {
  return new OcipushError('SIGNATURE_INVALID', message, {
    hint: 'push without the signatures that come with the image: --remove-signatures',
    cause,
  });
}
