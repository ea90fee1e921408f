/** `containers-storage:[STORE]NAME` as containers-transports(5) has it, and bare names as podman has them. */
import { readRegistriesConf } from '../../config/registries-conf.ts';
import { readStorageConf } from '../../config/storage-conf.ts';
import type { DestinationReference, SourceReference } from '../transport.ts';
import { lookUpLocally, parseLocalName } from './local-name.ts';
import { openStorageSource, type StorageRequest } from './source.ts';
import { specifiedStorage, splitSpecifier } from './specifier.ts';
import { lookUpStored, parseStoredName } from './stored-name.ts';
import { storageTarget } from './target.ts';

/**
 * A name here is one of docker: `busybox` is `docker.io/library/busybox:latest` and no other.
 * @throws OcipushError REFERENCE_INVALID
 */
export function parseContainersStorageReference(
  text: string,
): SourceReference & DestinationReference {
  const { specifier, rest } = splitSpecifier(text);
  const name = parseStoredName(rest);
  const reference: SourceReference & DestinationReference = {
    transport: 'containers-storage',
    toString: () => `containers-storage:${text}`,
    ...(name.named !== undefined && { dockerReference: name.named }),
    openSource: async (context) => {
      const conf = await specifiedStorage(specifier, context);
      const find: StorageRequest['find'] = (view) => ({
        ...lookUpStored(view, name),
        digest: name.named?.digest,
      });
      return openStorageSource({ reference, conf, find }, context);
    },
    openDestination: async (context) => {
      const target = storageTarget(specifier, name);
      const { openStorageDestination } = await import('./destination.ts');
      return openStorageDestination(reference, target, context);
    },
  };
  return reference;
}

/**
 * What `podman push NAME` finds: a full or short name, or an ID or the beginning of one.
 * @throws OcipushError REFERENCE_INVALID
 */
export function storageNameReference(text: string): SourceReference {
  const name = parseLocalName(text);
  const reference: SourceReference = {
    transport: 'containers-storage',
    toString: () => text,
    openSource: async (context) => {
      const { environment, warn } = context;
      const conf = await readStorageConf(environment, warn);
      const isShort = name.kind === 'name' && name.short;
      const registries = isShort ? await readRegistriesConf(environment, warn) : undefined;
      return openStorageSource(
        { reference, conf, find: (view) => lookUpLocally(view, name, registries) },
        context,
      );
    },
  };
  return reference;
}
