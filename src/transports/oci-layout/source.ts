/** Reads an image out of an OCI layout. */
import type { Descriptor } from '../../image/descriptor.ts';
import { verified, type Digest } from '../../image/digest.ts';
import { parseList } from '../../image/list.ts';
import { manifestTypeOf } from '../../image/manifest-type.ts';
import { OCI_INDEX } from '../../image/media-types.ts';
import { OcipushError } from '../../errors.ts';
import { collect, type ByteRange, type ByteStream } from '../../io/bytes.ts';
import {
  MANIFEST_LIMIT,
  type ImageReference,
  type ImageSource,
  type RawManifest,
} from '../transport.ts';
import { selectEntry, type ImageSelector } from './entry.ts';
import type { LayoutFiles } from './layout.ts';

/**
 * @throws OcipushError SOURCE_NOT_FOUND, MANIFEST_INVALID; the files are then closed
 */
export async function openLayoutSource(
  reference: ImageReference,
  files: LayoutFiles,
  selector: ImageSelector,
): Promise<ImageSource> {
  try {
    const index = parseList(await files.readIndex(), OCI_INDEX);
    return new LayoutSource(reference, files, selectEntry(index.instances, selector));
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

class LayoutSource implements ImageSource {
  readonly reference: ImageReference;
  readonly #files: LayoutFiles;
  readonly #entry: Descriptor;

  constructor(reference: ImageReference, files: LayoutFiles, entry: Descriptor) {
    this.reference = reference;
    this.#files = files;
    this.#entry = entry;
  }

  async getManifest(instance?: Descriptor): Promise<RawManifest> {
    const { digest, size, mediaType } = instance ?? this.#entry;
    if (size > MANIFEST_LIMIT) throw tooLarge(digest);
    const stream = verified(this.#files.readBlob(digest), { digest, size });
    const bytes = await collect(stream, MANIFEST_LIMIT, `manifest ${digest}`);
    return { bytes, digest, mediaType: mediaType || manifestTypeOf(bytes) };
  }

  getBlob(descriptor: Descriptor, range?: ByteRange): ByteStream {
    return this.#files.readBlob(descriptor.digest, range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }
}

function tooLarge(digest: Digest): OcipushError {
  return new OcipushError(
    'LIMIT_EXCEEDED',
    `reading manifest ${digest}: exceeded maximum allowed size of ${MANIFEST_LIMIT} bytes`,
    { origin: 'source' },
  );
}
