/** The files of an OCI image layout, wherever they are kept. */
import { join } from 'node:path';
import type { PolicyIdentity } from '../../config/policy.ts';
import { digestAlgorithm, digestHex, type Digest } from '../../image/digest.ts';
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import type { ByteRange, ByteStream } from '../../io/bytes.ts';
import { readFileStream, readSmallFile } from '../../io/file-reader.ts';
import { pathScopes } from '../policy-scopes.ts';
import { readEntrance } from '../source-error.ts';

/** OCI image-spec image-layout.md. */
export interface LayoutFiles extends AsyncDisposable {
  /** What a signature policy knows the image by. @throws OcipushError FILE_UNREADABLE */
  policyIdentity(): Promise<PolicyIdentity>;
  /** The bytes of `index.json`. @throws OcipushError SOURCE_NOT_FOUND, FILE_UNREADABLE */
  readIndex(): Promise<Uint8Array>;
  /** The bytes of a blob as they are stored. @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE */
  readBlob(digest: Digest, range?: ByteRange): ByteStream;
}

/** Where a blob stands below the root of a layout. */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** A layout in a directory. */
export function layoutDirectory(root: string): LayoutFiles {
  return {
    policyIdentity: async () => ({ transport: 'oci', scopes: await pathScopes(root) }),
    readIndex: () =>
      readEntrance(
        () => readSmallFile(join(root, 'index.json'), MANIFEST_LIMIT),
        'oci: takes the directory that holds index.json; for an archive of one write oci-archive:',
      ),
    readBlob: (digest, range) => readFileStream(join(root, blobPath(digest)), range),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
