/** Whether a place has all of an image, so that it need not be written again. */
import type { BlobIdentity } from '../image/blob.ts';
import type { Digest } from '../image/digest.ts';
import { parseList } from '../image/list.ts';
import { parseImageManifest } from '../image/manifest.ts';
import { isListType } from '../image/media-types.ts';
import { OcipushError } from '../errors.ts';
import type { ImageSource, RawManifest } from './transport.ts';

/** Lists in lists, deeper than anybody nests them. */
const MAX_DEPTH = 8;

/** Says whether a blob is there, of the right size. */
export type HasBlob = (blob: BlobIdentity) => Promise<boolean>;

/**
 * The digest of the image that `open` finds, when all that it needs is there. Undefined for one
 * that cannot be read, is incomplete or damaged: a push is what mends it.
 */
export async function wholeImageDigest(
  open: () => Promise<ImageSource>,
  hasBlob: HasBlob,
): Promise<Digest | undefined> {
  try {
    await using source = await open();
    const manifest = await source.getManifest();
    return (await isWhole(source, manifest, hasBlob)) ? manifest.digest : undefined;
  } catch (error) {
    if (error instanceof OcipushError) return undefined;
    throw error;
  }
}

async function isWhole(
  source: ImageSource,
  { bytes, mediaType }: RawManifest,
  hasBlob: HasBlob,
  depth = 0,
): Promise<boolean> {
  if (!isListType(mediaType)) {
    const { config, layers } = parseImageManifest(bytes, mediaType);
    for (const blob of [config, ...layers]) {
      const isElsewhere = (blob.urls?.length ?? 0) > 0;
      if (!isElsewhere && !(await hasBlob(blob))) return false;
    }
    return true;
  }
  if (depth === MAX_DEPTH) return false;
  for (const instance of parseList(bytes, mediaType).instances) {
    const manifest = await source.getManifest(instance);
    if (manifest.digest !== instance.digest) return false;
    if (!(await isWhole(source, manifest, hasBlob, depth + 1))) return false;
  }
  return true;
}
