/** `containers-storage:[STORE]NAME` as containers-transports(5) has it, and bare names as podman has them. */
import { readRegistriesConf } from '../../config/registries-conf.ts';
import { readStorageConf, type StorageConf } from '../../config/storage-conf.ts';
import type { SourceReference } from '../transport.ts';
import { lookUpLocally, parseLocalName } from './local-name.ts';
import { openStorageSource, type StorageRequest } from './source.ts';
import { splitSpecifier, type StoreSpecifier } from './specifier.ts';
import { lookUpStored, parseStoredName } from './stored-name.ts';

/**
 * A name here is one of docker: `busybox` is `docker.io/library/busybox:latest` and no other.
 * @throws OcipushError REFERENCE_INVALID
 */
export function parseContainersStorageReference(text: string): SourceReference {
  const { specifier, rest } = splitSpecifier(text);
  const name = parseStoredName(rest);
  const reference: SourceReference = {
    transport: 'containers-storage',
    toString: () => `containers-storage:${text}`,
    ...(name.named !== undefined && { dockerReference: name.named }),
    openSource: async (context) => {
      const conf = await storageOf(specifier, context.environment);
      const find: StorageRequest['find'] = (view) => ({
        ...lookUpStored(view, name),
        digest: name.named?.digest,
      });
      return openStorageSource({ reference, conf, find }, context);
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
      const { environment } = context;
      const conf = await readStorageConf(environment);
      const isShort = name.kind === 'name' && name.short;
      const registries = isShort ? await readRegistriesConf(environment) : undefined;
      return openStorageSource(
        { reference, conf, find: (view) => lookUpLocally(view, name, registries) },
        context,
      );
    },
  };
  return reference;
}

/** A specifier takes the place of the configuration, not of single settings in it. */
async function storageOf(
  specifier: StoreSpecifier | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<StorageConf> {
  if (specifier?.graphRoot !== undefined) {
    return {
      driver: undefined,
      imageStore: undefined,
      ...specifier,
      graphRoot: specifier.graphRoot,
    };
  }
  return { ...(await readStorageConf(environment)), ...specifier };
}
