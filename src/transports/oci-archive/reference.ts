/** `oci-archive:PATH[:REFERENCE|:@INDEX]`: an image in a tar file of an OCI layout. */
import { blobPath, type LayoutFiles } from '../oci-layout/layout.ts';
import type { ImageSelector } from '../oci-layout/entry.ts';
import { splitLayoutReference } from '../oci-layout/reference.ts';
import { openLayoutSource } from '../oci-layout/source.ts';
import { TarArchive } from '../tar-archive.ts';
import {
  MANIFEST_LIMIT,
  type ImageReference,
  type ImageSource,
  type SourceReference,
} from '../transport.ts';

/** @throws OcipushError REFERENCE_INVALID */
export function parseOciArchiveReference(text: string): SourceReference {
  const { path, selector } = splitLayoutReference(text);
  const reference: SourceReference = {
    transport: 'oci-archive',
    toString: () => `oci-archive:${text}`,
    openSource: async (context) =>
      openOciArchiveSource(reference, await TarArchive.open(path, context), selector),
  };
  return reference;
}

/** Takes over the archive: it is closed with the source, or when opening fails. */
export function openOciArchiveSource(
  reference: ImageReference,
  archive: TarArchive,
  selector: ImageSelector,
): Promise<ImageSource> {
  return openLayoutSource(reference, layoutArchive(archive), selector);
}

function layoutArchive(archive: TarArchive): LayoutFiles {
  return {
    readIndex: () => archive.readControlFile('index.json', MANIFEST_LIMIT),
    readBlob: (digest, range) => archive.read(blobPath(digest), range),
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}
