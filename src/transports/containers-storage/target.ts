/** Where in container storage an image is to go, and whether it is there already. */
import type { Digest } from '../../image/digest.ts';
import { formatReference, type NamedReference } from '../../image/docker-reference.ts';
import { OcipushError } from '../../errors.ts';
import { findImage, findNamed, type StoredImage } from './image-lookup.ts';
import { specifiedStorage, type ConfigContext, type StoreSpecifier } from './specifier.ts';
import { viewStorage, type StorageView } from './store.ts';
import { openStoredImage } from './stored-image.ts';
import type { StoredName } from './stored-name.ts';

/** A name, the ID that the image must have, or both. */
export interface StorageTarget {
  readonly specifier: StoreSpecifier | undefined;
  /** Without one the image is known by its ID alone. */
  readonly named: NamedReference | undefined;
  /** All of it. */
  readonly id: string | undefined;
}

const FULL_ID = /^[a-f0-9]{64}$/;

/** @throws OcipushError REFERENCE_INVALID for the mere beginning of an ID */
export function storageTarget(
  specifier: StoreSpecifier | undefined,
  { named, id }: StoredName,
): StorageTarget {
  if (id === undefined || FULL_ID.test(id)) return { specifier, named, id };
  throw new OcipushError(
    'REFERENCE_INVALID',
    `Destination reference must contain all of an image ID, not ${id}`,
    { origin: 'usage', hint: 'write all 64 digits, or leave the ID out' },
  );
}

/** The name or ID in the spelling of containers-transports(5), without a specifier. */
export function formatTarget({ named, id }: StorageTarget): string {
  return named === undefined ? `@${id}` : formatReference(named);
}

/**
 * The digest of the manifest with which the image at the target was written. Undefined when there
 * is none, or none that is whole and can be read here: a push is what mends it.
 */
export async function digestAt(
  target: StorageTarget,
  context: ConfigContext,
): Promise<Digest | undefined> {
  try {
    const conf = await specifiedStorage(target.specifier, context);
    return await viewStorage(conf, async (view) => {
      const image = imageAt(view, target);
      return image && (await openStoredImage(view, image)).stored.digest;
    });
  } catch (error) {
    if (error instanceof OcipushError) return undefined;
    throw error;
  }
}

function imageAt(view: StorageView, { named, id }: StorageTarget): StoredImage | undefined {
  const image = named ? findNamed(view, formatReference(named)) : findImage(view, id ?? '');
  return id === undefined || image?.record.id === id ? image : undefined;
}
