/** Which entry of a layout's index.json an image reference means. */
import type { Descriptor } from '../../image/descriptor.ts';
import { isListType, isManifestType } from '../../image/media-types.ts';
import { OcipushError } from '../../errors.ts';

export type ImageSelector =
  | { readonly by: 'only' }
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'index'; readonly index: number };

/** OCI image-spec annotations.md: the name of an image inside its layout. */
export const REFERENCE_NAME_ANNOTATION = 'org.opencontainers.image.ref.name';

/**
 * The selected entry: the only one, the first of that name that is an image or list, or by place.
 * @throws OcipushError SOURCE_NOT_FOUND
 */
export function selectEntry(entries: readonly Descriptor[], selector: ImageSelector): Descriptor {
  switch (selector.by) {
    case 'only':
      return onlyEntry(entries);
    case 'name':
      return namedEntry(entries, selector.name);
    case 'index':
      return entryAt(entries, selector.index);
  }
}

function onlyEntry(entries: readonly Descriptor[]): Descriptor {
  const [entry, ...others] = entries;
  if (entry !== undefined && others.length === 0) return entry;
  throw notFound(
    entry === undefined
      ? 'no image in oci, choose an image'
      : 'more than one image in oci, choose an image',
    entries,
  );
}

function namedEntry(entries: readonly Descriptor[], name: string): Descriptor {
  const named = entries.filter((entry) => nameOf(entry) === name);
  const image = named.find(({ mediaType }) => isManifestType(mediaType) || isListType(mediaType));
  if (image) return image;
  if (named.length === 0) throw notFound(`no descriptor found for reference "${name}"`, entries);
  const types = named.map(({ mediaType }) => JSON.stringify(mediaType)).join(', ');
  throw notFound(`reference "${name}" matches unsupported manifest MIME types [${types}]`, []);
}

function entryAt(entries: readonly Descriptor[], index: number): Descriptor {
  const entry = entries[index];
  if (entry) return entry;
  throw notFound(`index ${index} is too large, only ${entries.length} entries available`, entries);
}

function notFound(message: string, entries: readonly Descriptor[]): OcipushError {
  const names = entries.map(nameOf).filter((name) => name !== undefined);
  return new OcipushError('SOURCE_NOT_FOUND', message, {
    origin: 'source',
    hint: names.length > 0 ? `the layout has: ${names.join(', ')}` : undefined,
  });
}

function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[REFERENCE_NAME_ANNOTATION];
}
