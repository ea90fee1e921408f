/** Finds images in the storage by ID, name and digest, as the storage library itself does. */
import {
  parseDockerReference,
  repositoryOf,
  type NamedReference,
} from '../../image/docker-reference.ts';
import type { Digest } from '../../image/digest.ts';
import type { ImageRecord } from './records.ts';
import type { StorageView, Store } from './store.ts';

export interface StoredImage {
  readonly record: ImageRecord;
  readonly store: Store;
  /** The name of the driver, which is part of paths. */
  readonly driver: string;
}

/**
 * The image of this ID, of this name, or of an ID that begins so and no other does; the first store
 * that has one decides.
 */
export function findImage(view: StorageView, text: string): StoredImage | undefined {
  for (const store of view.stores) {
    const record =
      byID(store, text) ?? namedIn(view, store, text) ?? onlyOne(store.images, isPrefixed(text));
    if (record) return { record, store, driver: view.driver.name };
  }
  return undefined;
}

/** The image that has exactly this name. */
export function findNamed(view: StorageView, name: string): StoredImage | undefined {
  return imagesWhere(view, (record, store) => namedIn(view, store, name) === record)[0];
}

/** The image of this digest, if it has any name in the repository of `named`. */
export function findDigest(
  view: StorageView,
  digest: Digest,
  named: NamedReference,
): StoredImage | undefined {
  return imagesWhere(
    view,
    (record) => record.digests.includes(digest) && isInRepository(record, named),
  )[0];
}

/** The image with this manifest, whatever it is called. */
export function findManifest(view: StorageView, digest: Digest): StoredImage | undefined {
  return imagesWhere(view, (record) => record.digests.includes(digest))[0];
}

/** All images for which `test` is true, in the order of the stores. */
export function imagesWhere(
  { stores, driver }: StorageView,
  test: (record: ImageRecord, store: Store) => boolean,
): readonly StoredImage[] {
  return stores.flatMap((store) =>
    store.images
      .filter((record) => test(record, store))
      .map((record) => ({ record, store, driver: driver.name })),
  );
}

/** Whether one of the image's names is of the same repository. */
export function isInRepository(record: ImageRecord, named: NamedReference): boolean {
  return namesOf(record).some((name) => repositoryOf(name) === repositoryOf(named));
}

/** The names of an image that are references; others nobody can ask for. */
export function namesOf({ names }: ImageRecord): readonly NamedReference[] {
  return names.flatMap((name) => {
    try {
      return [parseDockerReference(name)];
    } catch {
      return [];
    }
  });
}

/** In later stores a name does not count when the first store has the image too: it lost the name. */
function namedIn({ stores }: StorageView, store: Store, name: string): ImageRecord | undefined {
  const [first] = stores;
  const record = store.images.find(({ names }) => names.includes(name));
  if (record === undefined || store === first) return record;
  return first && byID(first, record.id) ? undefined : record;
}

function byID({ images }: Store, id: string): ImageRecord | undefined {
  return images.find((image) => image.id === id);
}

function isPrefixed(text: string): (image: ImageRecord) => boolean {
  return ({ id }) => text !== '' && id.startsWith(text);
}

function onlyOne<T>(values: readonly T[], test: (value: T) => boolean): T | undefined {
  const [one, ...others] = values.filter(test);
  return others.length === 0 ? one : undefined;
}
