/** `dir:PATH`: an image as plain files in one directory. */
import { OcipushError } from '../../errors.ts';
import type { DestinationReference, SourceReference } from '../transport.ts';
import { openDirSource } from './source.ts';

/** @throws OcipushError REFERENCE_INVALID */
export function parseDirReference(path: string): SourceReference & DestinationReference {
  if (path === '') {
    const message = 'the path of the image is missing';
    throw new OcipushError('REFERENCE_INVALID', message, { hint: 'write dir:PATH' });
  }
  const reference: SourceReference & DestinationReference = {
    transport: 'dir',
    toString: () => `dir:${path}`,
    openSource: () => openDirSource(reference, path),
    openDestination: async (context) => {
      const { openDirDestination } = await import('./destination.ts');
      return openDirDestination(reference, path, context);
    },
  };
  return reference;
}
