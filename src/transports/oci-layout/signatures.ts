/** Signatures in an OCI layout: bundles, in artifacts that refer to an image there, and no others. */
import type { Descriptor } from '../../image/descriptor.ts';
import { verified, type Digest } from '../../image/digest.ts';
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import type { Signature, SignatureFormat } from '../../image/signature.ts';
import { collect } from '../../io/bytes.ts';
import type { AttachedBlob } from '../../signing/sigstore/attachments.ts';
import type { BundleStore } from '../bundles.ts';
import type { RawManifest, SignatureStore } from '../transport.ts';
import type { LayoutFiles } from './layout.ts';

/** What a destination does for its signatures. */
export interface LayoutShelf {
  readonly files: LayoutFiles;
  /** What the layout lists now. */
  entries(): Promise<readonly Descriptor[]>;
  putBlob(blob: AttachedBlob): Promise<void>;
  putReferrer(manifest: RawManifest): Promise<void>;
}

export class LayoutSignatures implements SignatureStore {
  readonly place = 'in-image';
  readonly formats = ['sigstore-bundle'] as const;
  readonly #shelf: LayoutShelf;
  #bundles: Promise<BundleStore> | undefined;

  constructor(shelf: LayoutShelf) {
    this.#shelf = shelf;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  async existing(
    { digest }: RawManifest,
    formats: readonly SignatureFormat[],
  ): Promise<readonly Signature[]> {
    return formats.includes('sigstore-bundle') ? (await this.#open()).read(digest) : [];
  }

  async put(signatures: readonly Signature[], manifest: RawManifest): Promise<void> {
    await (await this.#open()).add(signatures, manifest);
  }

  /** Few pushes have to do with bundles. */
  #open(): Promise<BundleStore> {
    this.#bundles ??= openBundles(this.#shelf);
    return this.#bundles;
  }
}

async function openBundles({ files, ...shelf }: LayoutShelf): Promise<BundleStore> {
  const [{ BundleStore }, { referrersAmong }] = await Promise.all([
    import('../bundles.ts'),
    import('./referrers.ts'),
  ]);
  const read = async ({ digest, size, mediaType }: Descriptor): Promise<RawManifest> => {
    const stream = verified(files.readBlob(digest), { digest, size });
    return {
      bytes: await collect(stream, MANIFEST_LIMIT, `manifest ${digest}`),
      mediaType,
      digest,
    };
  };
  return new BundleStore({
    list: async (subject: Digest) => {
      const found = await referrersAmong(await shelf.entries(), subject, read);
      return found.flatMap(({ descriptor, tag }) => (tag === undefined ? [descriptor] : []));
    },
    findManifest: read,
    readBlob: ({ digest }) => files.readBlob(digest),
    putBlob: (blob) => shelf.putBlob(blob),
    putManifest: (manifest) => shelf.putReferrer(manifest),
  });
}
