/** Descriptors and platforms as they are read from manifests and written into them. */
import type { Descriptor, Platform } from './descriptor.ts';
import { omitEmpty, stringMap, type JsonStruct } from './json-encoder.ts';
import {
  optional,
  readDigest,
  readMembers,
  readSize,
  readString,
  readStringMap,
  readStrings,
  withoutUndefined,
  type JsonField,
} from './json-field.ts';

/**
 * A descriptor of OCI image-spec descriptor.md; members that it does not know are left out.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseDescriptor(field: JsonField): Descriptor {
  const member = readMembers(field);
  return withoutUndefined<Descriptor>({
    mediaType: readString(member('mediaType')),
    digest: readDigest(member('digest')),
    size: readSize(member('size')),
    urls: optional(member('urls'), readStrings),
    annotations: optional(member('annotations'), readStringMap),
    data: optional(member('data'), readString),
    platform: optional(member('platform'), parsePlatformFields),
    artifactType: optional(member('artifactType'), readString),
  });
}

/**
 * A descriptor of a Docker manifest or list. It has fewer members than one of OCI: what else is
 * there has no meaning, and must not get one by a conversion.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseDockerDescriptor(field: JsonField): Descriptor {
  const { mediaType, digest, size, urls, platform } = parseDescriptor(field);
  return withoutUndefined<Descriptor>({ mediaType, digest, size, urls, platform });
}

/**
 * The platform that an object describes: one of a descriptor, or a whole image config.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parsePlatformFields(field: JsonField): Platform {
  const member = readMembers(field);
  return withoutUndefined<Platform>({
    architecture: optional(member('architecture'), readString) ?? '',
    os: optional(member('os'), readString) ?? '',
    'os.version': optional(member('os.version'), readString),
    'os.features': optional(member('os.features'), readStrings),
    variant: optional(member('variant'), readString),
    features: optional(member('features'), readStrings),
  });
}

/** OCI image-spec descriptor.md. */
export function ociDescriptor(descriptor: Descriptor): JsonStruct {
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    urls: omitEmpty(descriptor.urls),
    annotations: stringMap(descriptor.annotations),
    data: omitEmpty(descriptor.data),
    platform: descriptor.platform && ociPlatform(descriptor.platform),
    artifactType: omitEmpty(descriptor.artifactType),
  };
}

/** Docker image manifest version 2, schema 2: no annotations, and size before digest. */
export function dockerDescriptor(descriptor: Descriptor): JsonStruct {
  return {
    mediaType: descriptor.mediaType,
    size: descriptor.size,
    digest: descriptor.digest,
    urls: omitEmpty(descriptor.urls),
  };
}

/** A member of a Docker list, which always has a platform. */
export function dockerInstance(descriptor: Descriptor): JsonStruct {
  const platform = descriptor.platform ?? { architecture: '', os: '' };
  return {
    ...dockerDescriptor(descriptor),
    platform: { ...ociPlatform(platform), features: omitEmpty(platform.features) },
  };
}

function ociPlatform(platform: Platform): JsonStruct {
  return {
    architecture: platform.architecture,
    os: platform.os,
    'os.version': omitEmpty(platform['os.version']),
    'os.features': omitEmpty(platform['os.features']),
    variant: omitEmpty(platform.variant),
  };
}
