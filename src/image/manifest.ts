/** Manifests of one image or artifact, OCI or Docker v2s2: strictly read, exactly written. */
import { OcipushError } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import {
  dockerDescriptor,
  ociDescriptor,
  parseDescriptor,
  parseDockerDescriptor,
} from './descriptor-json.ts';
import { encodeJson, omitEmpty, stringMap } from './json-encoder.ts';
import { optional, readList, readString, readStringMap, withoutUndefined } from './json-field.ts';
import { readVersion2 } from './manifest-json.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST } from './media-types.ts';

/** OCI image-spec manifest.md, and its Docker forerunner, which has the first three fields only. */
export interface ImageManifest {
  readonly mediaType: typeof OCI_MANIFEST | typeof DOCKER_MANIFEST;
  readonly config: Descriptor;
  /** Base first. */
  readonly layers: readonly Descriptor[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
  /** False where an OCI manifest lacks `mediaType`, as before image-spec 1.0.2: it stays so. */
  readonly namesMediaType: boolean;
}

/**
 * Reads a manifest that is known to be of type `mediaType`.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseImageManifest(bytes: Uint8Array, mediaType: string): ImageManifest {
  if (mediaType !== OCI_MANIFEST && mediaType !== DOCKER_MANIFEST) {
    throw new OcipushError('MANIFEST_INVALID', `${mediaType} is no type of an image manifest`);
  }
  const member = readVersion2(bytes, mediaType, ['config', 'layers']);
  if (mediaType === DOCKER_MANIFEST) {
    return {
      mediaType,
      config: parseDockerDescriptor(member('config')),
      layers: readList(member('layers')).map(parseDockerDescriptor),
      namesMediaType: true,
    };
  }
  return withoutUndefined<ImageManifest>({
    mediaType,
    config: parseDescriptor(member('config')),
    layers: readList(member('layers')).map(parseDescriptor),
    namesMediaType: optional(member('mediaType'), readString) !== undefined,
    artifactType: optional(member('artifactType'), readString),
    subject: optional(member('subject'), parseDescriptor),
    annotations: optional(member('annotations'), readStringMap),
  });
}

/** The bytes that the reference writes for the same manifest; fields unknown to it are gone. */
export function encodeImageManifest(manifest: ImageManifest): Uint8Array {
  const { mediaType, config, layers } = manifest;
  if (mediaType === DOCKER_MANIFEST) {
    return encodeJson({
      schemaVersion: 2,
      mediaType,
      config: dockerDescriptor(config),
      layers: layers.map(dockerDescriptor),
    });
  }
  return encodeJson({
    schemaVersion: 2,
    mediaType: manifest.namesMediaType ? mediaType : undefined,
    artifactType: omitEmpty(manifest.artifactType),
    config: ociDescriptor(config),
    layers: layers.map(ociDescriptor),
    subject: manifest.subject && ociDescriptor(manifest.subject),
    annotations: stringMap(manifest.annotations),
  });
}
