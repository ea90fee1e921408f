/** `docker-archive:PATH[:NAME|:@INDEX]`: an image in a tar file as `docker save` writes it. */
import {
  formatReference,
  parseDockerReference,
  withDefaultTag,
  type NamedReference,
} from '../../image/docker-reference.ts';
import { OcipushError } from '../../errors.ts';
import { parseIndex } from '../oci-layout/reference.ts';
import { TarArchive } from '../tar-archive.ts';
import type { DestinationReference, SourceReference } from '../transport.ts';
import type { ItemSelector } from './contents.ts';
import { openDockerArchiveSource } from './source.ts';

/** What stands after the path. */
type ImageInArchive =
  | { readonly by: 'only' }
  | { readonly by: 'name'; readonly name: NamedReference }
  | { readonly by: 'index'; readonly index: number };

/** @throws OcipushError REFERENCE_INVALID */
export function parseDockerArchiveReference(text: string): SourceReference & DestinationReference {
  const colon = text.indexOf(':');
  const path = colon < 0 ? text : text.slice(0, colon);
  const image = parseImage(colon < 0 ? '' : text.slice(colon + 1));
  if (path === '') {
    throw new OcipushError(
      'REFERENCE_INVALID',
      `docker-archive reference ${text} isn't of the form <path>[:<reference>]`,
      { hint: 'write docker-archive:PATH or docker-archive:PATH:NAME' },
    );
  }
  const reference: SourceReference & DestinationReference = {
    transport: 'docker-archive',
    toString: () => `docker-archive:${text}`,
    ...(image.by === 'name' && { dockerReference: image.name }),
    openSource: async (context) =>
      openDockerArchiveSource(reference, await TarArchive.open(path, context), selectorOf(image)),
    openDestination: async (context) => {
      const tags = tagsOf(image);
      const { openDockerArchiveDestination } = await import('./destination.ts');
      return openDockerArchiveDestination(reference, { path, tags }, context);
    },
  };
  return reference;
}

function parseImage(image: string): ImageInArchive {
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
  return { by: 'name', name };
}

function selectorOf(image: ImageInArchive): ItemSelector {
  return image.by === 'name' ? { by: 'name', name: formatReference(image.name) } : image;
}

/** @throws OcipushError REFERENCE_INVALID, as images are written under a name or none */
function tagsOf(image: ImageInArchive): readonly NamedReference[] {
  if (image.by !== 'index') return image.by === 'name' ? [image.name] : [];
  throw new OcipushError(
    'REFERENCE_INVALID',
    `Destination reference must not contain a manifest index @${image.index}`,
    { origin: 'usage', hint: 'name the image instead, or leave the name out' },
  );
}
