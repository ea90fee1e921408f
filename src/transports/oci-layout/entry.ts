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
  const count = entry === undefined ? 'no image' : 'more than one image';
  throw notFound(`${count} in oci, choose an image`, choices(entries));
}

function namedEntry(entries: readonly Descriptor[], name: string): Descriptor {
  const named = entries.filter((entry) => nameOf(entry) === name);
  const image = named.find(({ mediaType }) => isManifestType(mediaType) || isListType(mediaType));
  if (image) return image;
  if (named.length === 0) {
    throw notFound(`no descriptor found for reference "${name}"`, choices(entries));
  }
  const types = named.map(({ mediaType }) => JSON.stringify(mediaType)).join(', ');
  throw notFound(
    `reference "${name}" matches unsupported manifest MIME types [${types}]`,
    'choose an image, or a list of images',
  );
}

function entryAt(entries: readonly Descriptor[], index: number): Descriptor {
  const entry = entries[index];
  if (entry) return entry;
  throw notFound(
    `index ${index} is too large, only ${entries.length} entries available`,
    entries.length > 0 ? 'the first is @0' : choices(entries),
  );
}

function notFound(message: string, hint: string): OcipushError {
  return new OcipushError('SOURCE_NOT_FOUND', message, { origin: 'source', hint });
}

function choices(entries: readonly Descriptor[]): string {
  if (entries.length === 0) return 'the layout is empty';
  const names = new Set(entries.map(nameOf).filter((name) => name !== undefined));
  if (names.size === 0) return 'its images have no names: choose one by its place, @0 is the first';
  return `the layout has: ${[...names].join(', ')}`;
}

function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[REFERENCE_NAME_ANNOTATION];
}
