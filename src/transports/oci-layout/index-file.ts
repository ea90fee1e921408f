/** `index.json` of a layout: which images it has, and under which names. */
import type { Descriptor } from '../../image/descriptor.ts';
import { ociDescriptor } from '../../image/descriptor-json.ts';
import { encodeJson, omitEmpty, stringMap } from '../../image/json-encoder.ts';
import { parseList, type ImageList } from '../../image/list.ts';
import { OCI_INDEX } from '../../image/media-types.ts';
import { parseJsonObject } from '../../io/bounded-json.ts';
import { REFERENCE_NAME_ANNOTATION } from './entry.ts';

/** An OCI index that may not say its own type, as the reference leaves it out of new ones. */
export type LayoutIndex = Omit<ImageList, 'mediaType'> & { readonly mediaType?: typeof OCI_INDEX };

export const EMPTY_INDEX: LayoutIndex = { instances: [] };

/** @throws OcipushError MANIFEST_INVALID, JSON_INVALID */
export function parseIndex(bytes: Uint8Array): LayoutIndex {
  const { mediaType: _, ...index } = parseList(bytes, OCI_INDEX);
  const isTyped = parseJsonObject(bytes, 'index.json')['mediaType'] !== undefined;
  return isTyped ? { ...index, mediaType: OCI_INDEX } : index;
}

/** The bytes that the reference writes for the same index; fields unknown to it are gone. */
export function encodeIndex(index: LayoutIndex): Uint8Array {
  return encodeJson({
    schemaVersion: 2,
    mediaType: index.mediaType,
    artifactType: omitEmpty(index.artifactType),
    manifests: index.instances.map(ociDescriptor),
    subject: index.subject && ociDescriptor(index.subject),
    annotations: stringMap(index.annotations),
  });
}

/**
 * The index with an image in it, as the reference does it (image/oci/layout, `addManifest`): the
 * first entry of the same name loses it but stays, an entry without a name is replaced where it
 * has the same digest, any other image comes last.
 */
export function addEntry(index: LayoutIndex, entry: Descriptor): LayoutIndex {
  const name = entryName(entry);
  const namesake = index.instances.findIndex((other) => name !== '' && entryName(other) === name);
  const others = index.instances.map((other, place) =>
    place === namesake ? withoutName(other) : other,
  );
  const same = others.findIndex(
    (other) => other.digest === entry.digest && entryName(other) === '',
  );
  return { ...index, instances: same < 0 ? [...others, entry] : others.with(same, entry) };
}

/** Empty where there is none, as an empty name is none. */
export function entryName(entry: Descriptor): string {
  return entry.annotations?.[REFERENCE_NAME_ANNOTATION] ?? '';
}

function withoutName(entry: Descriptor): Descriptor {
  const { [REFERENCE_NAME_ANNOTATION]: _, ...annotations } = entry.annotations ?? {};
  return { ...entry, annotations };
}
