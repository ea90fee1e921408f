/** OCI indexes and Docker manifest lists: read strictly, edited, written byte for byte. */
import { OcipushError } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import {
  dockerInstance,
  ociDescriptor,
  parseDescriptor,
  parseDockerDescriptor,
} from './descriptor-json.ts';
import { encodeJson, omitEmpty, stringMap } from './json-encoder.ts';
import { optional, readList, readString, readStringMap, withoutUndefined } from './json-field.ts';
import { readVersion2 } from './manifest-json.ts';
import { DOCKER_LIST, OCI_INDEX } from './media-types.ts';

/** Says `true` on an instance of an OCI index that only readers of zstd layers can use. */
export const ZSTD_INSTANCE_ANNOTATION = 'io.github.containers.compression.zstd';

/** OCI image-spec image-index.md, and its Docker forerunner, which has two fields only. */
export interface ImageList {
  readonly mediaType: typeof OCI_INDEX | typeof DOCKER_LIST;
  /** The manifests listed, in the order of the list. */
  readonly instances: readonly Descriptor[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What an instance has become; its annotations are added to those that the list had for it. */
export type InstanceUpdate = Pick<Descriptor, 'mediaType' | 'digest' | 'size' | 'annotations'>;

/**
 * Reads a list that is known to be of type `mediaType`.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseList(bytes: Uint8Array, mediaType: string): ImageList {
  if (mediaType !== OCI_INDEX && mediaType !== DOCKER_LIST) {
    throw new OcipushError('MANIFEST_INVALID', `${mediaType} is no type of a list of images`);
  }
  const member = readVersion2(bytes, mediaType, ['manifests']);
  if (mediaType === DOCKER_LIST) {
    return { mediaType, instances: readList(member('manifests')).map(parseDockerDescriptor) };
  }
  return withoutUndefined<ImageList>({
    mediaType,
    instances: readList(member('manifests')).map(parseDescriptor),
    artifactType: optional(member('artifactType'), readString),
    subject: optional(member('subject'), parseDescriptor),
    annotations: optional(member('annotations'), readStringMap),
  });
}

/** The bytes that the reference writes for the same list; fields unknown to it are gone. */
export function encodeList(list: ImageList): Uint8Array {
  const { mediaType, instances } = list;
  if (mediaType === DOCKER_LIST) {
    return encodeJson({ schemaVersion: 2, mediaType, manifests: instances.map(dockerInstance) });
  }
  return encodeJson({
    schemaVersion: 2,
    mediaType,
    artifactType: omitEmpty(list.artifactType),
    manifests: instances.map(ociDescriptor),
    subject: list.subject && ociDescriptor(list.subject),
    annotations: stringMap(list.annotations),
  });
}

/** The list with each instance replaced whose digest is a key of `updates`, wherever it stands. */
export function replaceInstances(
  list: ImageList,
  updates: ReadonlyMap<Digest, InstanceUpdate>,
): ImageList {
  return {
    ...list,
    instances: list.instances.map((instance) => {
      const update = updates.get(instance.digest);
      return update === undefined ? instance : updateInstance(instance, update);
    }),
  };
}

function updateInstance(instance: Descriptor, update: InstanceUpdate): Descriptor {
  // `urls` and `data` lead to the bytes that the old digest names.
  const { urls: _urls, data: _data, ...lasting } = instance;
  const { mediaType, digest, size } = update;
  return withoutUndefined<Descriptor>({
    ...(digest === instance.digest ? instance : lasting),
    mediaType,
    digest,
    size,
    annotations:
      update.annotations === undefined
        ? instance.annotations
        : { ...instance.annotations, ...update.annotations },
  });
}
