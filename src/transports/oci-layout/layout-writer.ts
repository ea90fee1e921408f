/** Writes the parts of an OCI layout into a directory, whatever becomes of that. */
import { join } from 'node:path';
import type { BlobUpload, StoredBlob } from '../../image/blob.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../image/media-types.ts';
import { makeDirectory } from '../../io/make-directories.ts';
import { FileStore, type FileStoreOptions } from '../file-store.ts';
import type { BlobPreview, DestinationCapabilities, RawManifest } from '../transport.ts';
import { unwritable } from '../destination-error.ts';
import { REFERENCE_NAME_ANNOTATION } from './entry.ts';
import { encodeIndex, type LayoutIndex } from './index-file.ts';
import { blobPath } from './layout.ts';

export const LAYOUT_CAPABILITIES: DestinationCapabilities = {
  manifestTypes: [OCI_MANIFEST, OCI_INDEX],
  layerCompression: 'compress',
  acceptsForeignLayers: true,
};

/** OCI image-spec image-layout.md; the bytes of the reference. */
const LAYOUT_FILE = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

export class LayoutWriter implements AsyncDisposable {
  readonly #files: FileStore;

  constructor(root: string, options: Omit<FileStoreOptions, 'stem'>) {
    this.#files = new FileStore(root, { ...options, stem: 'oci-put-blob' });
  }

  /** Makes the directory of the blobs; that of the layout must exist. @throws OcipushError FILE_UNWRITABLE */
  async begin(): Promise<void> {
    const { root } = this.#files;
    await makeDirectory(join(root, 'blobs'), 0o755).catch((error: unknown) => {
      throw unwritable(error, `writing to ${root}`);
    });
  }

  previewBlob(blob: BlobUpload): Promise<BlobPreview> {
    return this.#files.preview(blob, blobPath);
  }

  hasBlob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<boolean> {
    return this.#files.has(blobPath(digest), size);
  }

  putBlob(blob: BlobUpload): Promise<StoredBlob> {
    return this.#files.putBlob(blob, blobPath);
  }

  /** Stores bytes that are in memory. */
  async putBytes(digest: Digest, bytes: Uint8Array): Promise<void> {
    await this.#files.put(blobPath(digest), bytes);
  }

  /** @returns the entry of the index that makes the manifest an image of that name */
  async putManifest(manifest: RawManifest, name: string | undefined): Promise<Descriptor> {
    const { bytes, digest, mediaType } = manifest;
    await this.putBytes(digest, bytes);
    const entry: Descriptor = { mediaType, digest, size: bytes.length };
    return name === undefined
      ? entry
      : { ...entry, annotations: { [REFERENCE_NAME_ANNOTATION]: name } };
  }

  /**
   * Makes the directory a layout with this index.
   * @param confirm is asked when all is ready; the index stays as it was when it says no
   */
  async putIndex(index: LayoutIndex, confirm?: () => Promise<boolean>): Promise<boolean> {
    await this.#files.put('oci-layout', LAYOUT_FILE);
    return this.#files.put('index.json', encodeIndex(index), confirm);
  }

  removeAbandoned(warn: (message: string) => void): Promise<void> {
    return this.#files.removeAbandoned(warn);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#files[Symbol.asyncDispose]();
  }
}
