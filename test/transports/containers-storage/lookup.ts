/** Views of storages that hold nothing but records, for the tests of lookups. */
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import type { ImageRecord } from '../../../src/transports/containers-storage/records.ts';
import type { StorageView } from '../../../src/transports/containers-storage/store.ts';

/** An ID that begins with `start`. */
export function imageID(start: string): string {
  return start.padEnd(64, '0');
}

export const DIGEST: Digest = digestOf(Buffer.from('manifest'));

/** An image by the beginning of its ID. */
export function image(
  id: string,
  names: readonly string[],
  digests: readonly Digest[] = [],
): ImageRecord {
  return { id: imageID(id), names, digests, layer: undefined, metadata: '', bigDataNames: [] };
}

/** A view of stores with these images. */
export function viewOf(...stores: readonly (readonly ImageRecord[])[]): StorageView {
  return {
    driver: {
      name: 'overlay',
      stacked: true,
      filesOf: () => '',
      composefsOf: () => undefined,
    },
    stores: stores.map((images, index) => ({ root: `/${index}`, images, layers: new Map() })),
  };
}
