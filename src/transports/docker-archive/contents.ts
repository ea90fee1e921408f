/** Reads the table of contents of a `docker save` archive, and picks an image from it. */
import {
  formatReference,
  parseDockerReference,
  withDefaultTag,
} from '../../image/docker-reference.ts';
import type { Digest } from '../../image/digest.ts';
import { messageOf, OcipushError } from '../../errors.ts';
import { isJsonObject, parseJson } from '../../io/bounded-json.ts';
import { DAMAGED_HINT } from '../source-error.ts';

/** One image of `manifest.json`. */
export interface ArchiveItem {
  /** The member that holds the image config. */
  readonly config: string;
  /** The members that hold the layers, base first. */
  readonly layers: readonly string[];
  readonly tags: readonly string[];
}

export type ItemSelector =
  | { readonly by: 'only' }
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'index'; readonly index: number };

/** @throws OcipushError ARCHIVE_INVALID */
export function parseContents(bytes: Uint8Array): readonly ArchiveItem[] {
  const items = parseItems(bytes);
  if (!Array.isArray(items)) throw invalid('expected a list of images');
  return items.map((item: unknown) => {
    if (!isJsonObject(item)) throw invalid('expected a list of images');
    const config = item['Config'];
    if (typeof config !== 'string') throw invalid('an image has no Config');
    return { config, layers: strings(item['Layers']), tags: strings(item['RepoTags']) };
  });
}

function parseItems(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, 'manifest.json');
  } catch (error) {
    throw new OcipushError('ARCHIVE_INVALID', messageOf(error), {
      origin: 'source',
      hint: DAMAGED_HINT,
      cause: error,
    });
  }
}

/**
 * The only image, the one with the (normalised) name, or the one at a place.
 * @throws OcipushError SOURCE_NOT_FOUND
 */
export function selectItem(items: readonly ArchiveItem[], selector: ItemSelector): ArchiveItem {
  const found = items.filter((item, index) => isSelected(item, index, selector));
  const [item] = found;
  if (item !== undefined && (selector.by !== 'only' || found.length === 1)) return item;
  const images = items.map(({ tags }, index) => tags.join(', ') || `@${index}`);
  throw new OcipushError('SOURCE_NOT_FOUND', notFoundText(items, selector), {
    origin: 'source',
    hint: images.length > 0 ? `the archive has: ${images.join('; ')}` : 'the archive is empty',
  });
}

/**
 * The member that holds each layer, by its diff ID; a layer that stands twice in the image is read
 * from its first place.
 * @throws OcipushError ARCHIVE_INVALID when config and contents do not fit together
 */
export function layerMembers(
  item: ArchiveItem,
  diffIDs: readonly Digest[],
): ReadonlyMap<Digest, string> {
  const { layers } = item;
  if (layers.length !== diffIDs.length) {
    throw invalid(
      `Inconsistent layer count: ${layers.length} in manifest, ${diffIDs.length} in config`,
    );
  }
  const members = new Map<Digest, string>();
  const owners = new Map<string, Digest>();
  for (const [index, diffID] of diffIDs.entries()) {
    const member = layers[index] ?? '';
    if ((owners.get(member) ?? diffID) !== diffID) {
      throw invalid(`Layer tarfile "${member}" used for two different DiffID values`);
    }
    owners.set(member, diffID);
    if (!members.has(diffID)) members.set(diffID, member);
  }
  return members;
}

function isSelected(item: ArchiveItem, index: number, selector: ItemSelector): boolean {
  switch (selector.by) {
    case 'only':
      return true;
    case 'index':
      return index === selector.index;
    case 'name':
      return item.tags.some((tag) => normalised(tag) === selector.name);
  }
}

function notFoundText(items: readonly ArchiveItem[], selector: ItemSelector): string {
  switch (selector.by) {
    case 'only':
      return `Unexpected tar manifest.json: expected 1 item, got ${items.length}`;
    case 'index':
      return `Invalid source index @${selector.index}, only ${items.length} manifest items available`;
    case 'name':
      return `Tag "${selector.name}" not found`;
  }
}

/** Undefined for what is no reference, which nobody can ask for. */
function normalised(tag: string): string | undefined {
  try {
    return formatReference(withDefaultTag(parseDockerReference(tag)));
  } catch {
    return undefined;
  }
}

function strings(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw invalid('expected a list of names');
}

function invalid(problem: string): OcipushError {
  return new OcipushError('ARCHIVE_INVALID', `parsing manifest.json: ${problem}`, {
    origin: 'source',
    hint: DAMAGED_HINT,
  });
}
