/** `oci-archive:PATH[:REFERENCE|:@INDEX]`: an image in a tar file of an OCI layout. */
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import { blobPath, type LayoutFiles } from '../oci-layout/layout.ts';
import type { ImageSelector } from '../oci-layout/entry.ts';
import { layoutTarget, splitLayoutReference } from '../oci-layout/reference.ts';
import { openLayoutSource } from '../oci-layout/source.ts';
import { pathScopes } from '../policy-scopes.ts';
import { readEntrance } from '../source-error.ts';
import { TarArchive } from '../tar-archive.ts';
import type {
  DestinationReference,
  ImageReference,
  ImageSource,
  SourceReference,
} from '../transport.ts';

/** @throws OcipushError REFERENCE_INVALID */
export function parseOciArchiveReference(text: string): SourceReference & DestinationReference {
  const { path, selector } = splitLayoutReference(text);
  const reference: SourceReference & DestinationReference = {
    transport: 'oci-archive',
    toString: () => `oci-archive:${text}`,
    openSource: async (context) =>
      openOciArchiveSource(reference, await TarArchive.open(path, context), selector),
    openDestination: async (context) => {
      const target = layoutTarget(path, selector);
      const { openOciArchiveDestination } = await import('./destination.ts');
      return openOciArchiveDestination(reference, target, context);
    },
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
    policyIdentity: async () => ({
      transport: 'oci-archive',
      scopes: archive.path === undefined ? [] : await pathScopes(archive.path),
    }),
    readIndex: () =>
      readEntrance(
        () => archive.readControlFile('index.json', MANIFEST_LIMIT),
        'it is no archive of an OCI layout: for one of docker save write docker-archive:',
      ),
    readBlob: (digest, range) => archive.read(blobPath(digest), range),
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}
