/** What refers to an image in a layout, which lists it beside the image. */
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { parseImageManifest } from '../../image/manifest.ts';
import { OCI_MANIFEST } from '../../image/media-types.ts';
import { attachmentTags } from '../../image/referrers.ts';
import { OcipushError, type ErrorCode } from '../../errors.ts';
import type { RawManifest, Referrer } from '../transport.ts';
import { entryName } from './index-file.ts';

const BROKEN: readonly ErrorCode[] = [
  'BLOB_UNKNOWN',
  'DIGEST_MISMATCH',
  'LIMIT_EXCEEDED',
  'MANIFEST_INVALID',
];

/**
 * The entries that refer to a manifest, by their subject or by their name. What is broken, and is
 * not what is pushed, refers to nothing.
 */
export async function referrersAmong(
  entries: readonly Descriptor[],
  digest: Digest,
  read: (entry: Descriptor) => Promise<RawManifest>,
): Promise<readonly Referrer[]> {
  const tags = attachmentTags(digest);
  const found = new Map<Digest, Referrer>();
  for (const descriptor of entries) {
    if (descriptor.mediaType !== OCI_MANIFEST || found.has(descriptor.digest)) continue;
    const tag = entryName(descriptor);
    if (tags.includes(tag)) found.set(descriptor.digest, { descriptor, tag });
    else if ((await subjectOf(descriptor, read)) === digest) {
      found.set(descriptor.digest, { descriptor });
    }
  }
  return [...found.values()];
}

async function subjectOf(
  entry: Descriptor,
  read: (entry: Descriptor) => Promise<RawManifest>,
): Promise<Digest | undefined> {
  try {
    const { bytes, mediaType } = await read(entry);
    return parseImageManifest(bytes, mediaType).subject?.digest;
  } catch (error) {
    const isBroken = error instanceof OcipushError && BROKEN.includes(error.code);
    if (isBroken) return undefined;
    throw error;
  }
}
