/** `dir:PATH`: an image as plain files in one directory. */
import { OcipushError } from '../../errors.ts';
import type { SourceReference } from '../transport.ts';
import { openDirSource } from './source.ts';

/** @throws OcipushError REFERENCE_INVALID */
export function parseDirReference(path: string): SourceReference {
  if (path === '') throw new OcipushError('REFERENCE_INVALID', 'the path of the image is missing');
  const reference: SourceReference = {
    transport: 'dir',
    toString: () => `dir:${path}`,
    openSource: () => openDirSource(reference, path),
  };
  return reference;
}
