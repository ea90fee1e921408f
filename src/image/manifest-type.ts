/** What kind of manifest some bytes are, and the digest it is known by. */
import { OcipushError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { MIB } from '../io/bytes.ts';
import { digestOf, type Digest } from './digest.ts';
import { parseManifestJson } from './manifest-json.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  DOCKER_V1_SIGNED,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from './media-types.ts';
import { schema1Payload } from './schema1-signature.ts';

/** Bytes that any manifest or config may have (reference: internal/iolimits). */
export const MANIFEST_LIMIT = 4 * MIB;

const SELF_NAMED_TYPES: readonly unknown[] = [
  DOCKER_MANIFEST,
  DOCKER_LIST,
  OCI_MANIFEST,
  OCI_INDEX,
];

/**
 * The media type of a manifest by its content, for places that do not keep the type beside it.
 * Says nothing about whether the manifest is valid.
 * @throws OcipushError MANIFEST_INVALID for what is no manifest of a known kind
 */
export function manifestTypeOf(bytes: Uint8Array): string {
  const type = guessType(objectOf(parseManifestJson(bytes, 'manifest').value));
  if (type === undefined) {
    throw new OcipushError('MANIFEST_INVALID', 'parsing manifest: unknown type of manifest');
  }
  return type;
}

/**
 * The digest of a manifest: of all its bytes, but of a signed schema 1 manifest without its
 * signatures. Bytes that are no manifest have the digest of bytes.
 * @throws OcipushError MANIFEST_INVALID when the signatures do not tell what they sign
 */
export function manifestDigest(bytes: Uint8Array, algorithm = 'sha256'): Digest {
  return digestOf(isSignedSchema1(bytes) ? schema1Payload(bytes) : bytes, algorithm);
}

function isSignedSchema1(bytes: Uint8Array): boolean {
  try {
    return manifestTypeOf(bytes) === DOCKER_V1_SIGNED;
  } catch {
    return false;
  }
}

function guessType(manifest: JsonObject): string | undefined {
  const { mediaType, schemaVersion, signatures } = manifest;
  if (SELF_NAMED_TYPES.includes(mediaType)) return String(mediaType);
  if (schemaVersion === 1) return (signatures ?? null) === null ? DOCKER_V1 : DOCKER_V1_SIGNED;
  return schemaVersion === 2 ? guessVersion2(manifest) : undefined;
}

/** OCI did not ask for `mediaType` before image-spec 1.0.2. */
function guessVersion2(manifest: JsonObject): string {
  const { mediaType: configType } = objectOf(manifest['config']);
  if (configType === OCI_CONFIG) return OCI_MANIFEST;
  if (configType === DOCKER_CONFIG) return DOCKER_MANIFEST;
  const instances = manifest['manifests'];
  const listsInstances = Array.isArray(instances) && instances.length > 0;
  return listsInstances && (configType ?? '') === '' ? OCI_INDEX : OCI_MANIFEST;
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
