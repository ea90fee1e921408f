/** The files of an OCI image layout, wherever they are kept. */
import { join } from 'node:path';
import { digestAlgorithm, digestHex, type Digest } from '../../image/digest.ts';
import { OcipushError } from '../../errors.ts';
import type { ByteRange, ByteStream } from '../../io/bytes.ts';
import { readFileStream, readSmallFile } from '../../io/file-reader.ts';
import { MANIFEST_LIMIT } from '../transport.ts';

/** OCI image-spec image-layout.md. */
export interface LayoutFiles extends AsyncDisposable {
  /** The bytes of `index.json`. */
  readIndex(): Promise<Uint8Array>;
  /** The bytes of a blob as they are stored. */
  readBlob(digest: Digest, range?: ByteRange): ByteStream;
}

/** Where a blob stands below the root of a layout. */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** A layout in a directory. */
export function layoutDirectory(root: string): LayoutFiles {
  return {
    readIndex: () => notFoundAsSource(readSmallFile(join(root, 'index.json'), MANIFEST_LIMIT)),
    readBlob: (digest, range) => readFileStream(join(root, blobPath(digest)), range),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function notFoundAsSource<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
    throw new OcipushError('SOURCE_NOT_FOUND', error.message, {
      hint: 'the path must be the directory that holds index.json',
      cause: error,
    });
  }
}
