/** The items that an image has beside its layers: manifests, config, signatures. */
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import { join } from 'node:path';
import { readSmallFile } from '../../io/file-reader.ts';
import type { StoredImage } from './image-lookup.ts';

/** The manifest that the image was last written with. */
export const MANIFEST_KEY = 'manifest';

/** Whether the image has an item of this key. */
export function hasBigData({ record }: StoredImage, key: string): boolean {
  return record.bigDataNames.includes(key);
}

/** Where the item stands. */
export function bigDataPath({ record, store, driver }: StoredImage, key: string): string {
  return join(store.root, `${driver}-images`, record.id, bigDataFileName(key));
}

/** All of an item. @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, LIMIT_EXCEEDED */
export function readBigData(image: StoredImage, key: string): Promise<Uint8Array> {
  return readSmallFile(bigDataPath(image, key), MANIFEST_LIMIT, key);
}

/**
 * The name of an item's file (storage/images.go, makeBigDataBaseName). What may not stand in a name
 * makes it base64, but not in the last place: a quirk that files now depend on.
 */
export function bigDataFileName(key: string): string {
  return /^[.0-9a-z]*.?$/su.test(key) ? key : `=${Buffer.from(key).toString('base64')}`;
}
