/** Reads an image out of an OCI layout. */
import type { PolicyIdentity } from '../../config/policy.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { verified, type Digest } from '../../image/digest.ts';
import { parseList } from '../../image/list.ts';
import { MANIFEST_LIMIT, manifestTypeOf } from '../../image/manifest-type.ts';
import { OCI_INDEX } from '../../image/media-types.ts';
import { OcipushError, withDetails, wrapError } from '../../errors.ts';
import { collect, type ByteRange, type ByteStream } from '../../io/bytes.ts';
import { disposeOnFailure } from '../../io/disposal.ts';
import { DAMAGED_HINT, namedBlob } from '../source-error.ts';
import type { ImageReference, ImageSource, RawManifest, Referrer } from '../transport.ts';
import { selectEntry, type ImageSelector } from './entry.ts';
import type { LayoutFiles } from './layout.ts';

/** @throws OcipushError SOURCE_NOT_FOUND, MANIFEST_INVALID; the files are then closed */
export function openLayoutSource(
  reference: ImageReference,
  files: LayoutFiles,
  selector: ImageSelector,
): Promise<ImageSource> {
  return disposeOnFailure(files, async () => {
    const entries = parseEntries(await files.readIndex());
    const entry = selectEntry(entries, selector);
    return new LayoutSource(reference, await files.policyIdentity(), files, { entry, entries });
  });
}

class LayoutSource implements ImageSource {
  readonly reference: ImageReference;
  readonly policyIdentity: PolicyIdentity;
  readonly #files: LayoutFiles;
  readonly #entry: Descriptor;
  readonly #entries: readonly Descriptor[];

  constructor(
    reference: ImageReference,
    policyIdentity: PolicyIdentity,
    files: LayoutFiles,
    index: { readonly entry: Descriptor; readonly entries: readonly Descriptor[] },
  ) {
    this.reference = reference;
    this.policyIdentity = policyIdentity;
    this.#files = files;
    this.#entry = index.entry;
    this.#entries = index.entries;
  }

  async getManifest(instance?: Descriptor): Promise<RawManifest> {
    const { digest, size, mediaType } = instance ?? this.#entry;
    if (size > MANIFEST_LIMIT) throw tooLarge(digest);
    const stream = verified(this.#readBlob(digest), { digest, size });
    const bytes = await collect(stream, MANIFEST_LIMIT, `manifest ${digest}`);
    return { bytes, digest, mediaType: mediaType || manifestTypeOf(bytes) };
  }

  getBlob({ digest }: Descriptor, range?: ByteRange): ByteStream {
    return this.#readBlob(digest, range);
  }

  async getReferrers(digest: Digest): Promise<readonly Referrer[]> {
    const { referrersAmong } = await import('./referrers.ts');
    return referrersAmong(this.#entries, digest, (entry) => this.getManifest(entry));
  }

  #readBlob(digest: Digest, range?: ByteRange): ByteStream {
    return namedBlob(digest, () => this.#files.readBlob(digest, range));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }
}

function parseEntries(index: Uint8Array): readonly Descriptor[] {
  try {
    return parseList(index, OCI_INDEX).instances;
  } catch (error) {
    throw withDetails(wrapError(error, 'reading index.json', { code: 'MANIFEST_INVALID' }), {
      hint: DAMAGED_HINT,
    });
  }
}

function tooLarge(digest: Digest): OcipushError {
  return new OcipushError(
    'LIMIT_EXCEEDED',
    `reading manifest ${digest}: exceeded maximum allowed size of ${MANIFEST_LIMIT} bytes`,
    { origin: 'source', hint: 'no registry takes such a manifest: build the image again' },
  );
}
