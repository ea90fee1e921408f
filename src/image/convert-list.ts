/** Turns lists of images between OCI indexes and Docker manifest lists, as the reference does. */
import type { Descriptor, Platform } from './descriptor.ts';
import { withoutUndefined } from './json-field.ts';
import type { ImageList } from './list.ts';
import { DOCKER_LIST, OCI_INDEX } from './media-types.ts';

/**
 * An OCI index as a Docker list, with the same instances. Lost are all annotations, `subject` and
 * `artifactType`. Docker wants a platform everywhere: `pusher` gives system and architecture to
 * instances without one.
 */
export function toDockerList(list: ImageList, pusher: Platform): ImageList {
  const missing = { architecture: pusher.architecture, os: pusher.os };
  return {
    mediaType: DOCKER_LIST,
    instances: list.instances.map((instance) =>
      sharedFields(instance, instance.platform ?? missing),
    ),
  };
}

/** A Docker list as an OCI index, with the same instances. Lost are the `features` of platforms. */
export function toOciIndex(list: ImageList): ImageList {
  return {
    mediaType: OCI_INDEX,
    instances: list.instances.map((instance) =>
      sharedFields(instance, instance.platform ?? { architecture: '', os: '' }),
    ),
  };
}

function sharedFields(instance: Descriptor, platform: Platform): Descriptor {
  const { mediaType, digest, size, urls } = instance;
  const { features: _features, ...shared } = platform;
  return withoutUndefined<Descriptor>({ mediaType, digest, size, urls, platform: shared });
}
