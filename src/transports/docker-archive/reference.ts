/** `docker-archive:PATH[:NAME|:@INDEX]`: an image in a tar file as `docker save` writes it. */
import {
  formatReference,
  parseDockerReference,
  withDefaultTag,
} from '../../image/docker-reference.ts';
import { OcipushError } from '../../errors.ts';
import { parseIndex } from '../oci-layout/reference.ts';
import { TarArchive } from '../tar-archive.ts';
import type { SourceReference } from '../transport.ts';
import type { ItemSelector } from './contents.ts';
import { openDockerArchiveSource } from './source.ts';

/** @throws OcipushError REFERENCE_INVALID */
export function parseDockerArchiveReference(text: string): SourceReference {
  const colon = text.indexOf(':');
  const path = colon < 0 ? text : text.slice(0, colon);
  const selector = parseSelector(colon < 0 ? '' : text.slice(colon + 1));
  if (path === '') {
    throw new OcipushError(
      'REFERENCE_INVALID',
      `docker-archive reference ${text} isn't of the form <path>[:<reference>]`,
    );
  }
  const reference: SourceReference = {
    transport: 'docker-archive',
    toString: () => `docker-archive:${text}`,
    openSource: async (context) =>
      openDockerArchiveSource(reference, await TarArchive.open(path, context), selector),
  };
  return reference;
}

function parseSelector(image: string): ItemSelector {
  if (image === '') return { by: 'only' };
  if (image.startsWith('@')) return { by: 'index', index: parseIndex(image) };
  const name = withDefaultTag(parseDockerReference(image));
  if (name.digest !== undefined) {
    throw new OcipushError(
      'REFERENCE_INVALID',
      `reference does not include a tag: ${formatReference(name)}`,
      { hint: 'an image in a docker-archive has tags and no digest' },
    );
  }
  return { by: 'name', name: formatReference(name) };
}
