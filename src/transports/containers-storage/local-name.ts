/** Finds the image that a bare name or ID means to podman (common/libimage, LookupImage). */
import type { ShortNames } from '../../config/registries-conf.ts';
import {
  formatReference,
  parseDockerReference,
  repositoryOf,
  withDefaultTag,
  type NamedReference,
} from '../../image/docker-reference.ts';
import { OcipushError } from '../../errors.ts';
import {
  findDigest,
  findImage,
  findNamed,
  imagesWhere,
  namesOf,
  type StoredImage,
} from './image-lookup.ts';
import type { StorageView } from './store.ts';

/** What was typed. */
export type LocalName =
  | { readonly kind: 'id'; readonly id: string }
  | {
      readonly kind: 'name';
      readonly text: string;
      readonly named: NamedReference;
      readonly short: boolean;
    };

export interface FoundImage {
  readonly image: StoredImage;
  /** The full name by which it was found; undefined when that was its ID. */
  readonly name: NamedReference | undefined;
}

/** @throws OcipushError REFERENCE_INVALID */
export function parseLocalName(text: string): LocalName {
  const id = text.replace(/^sha256:/, '');
  if (/^[a-f0-9]{64}$/.test(id)) return { kind: 'id', id };
  if (id !== text) {
    throw new OcipushError(
      'REFERENCE_INVALID',
      `${text}: invalid format: no 64-byte hexadecimal value`,
      {
        origin: 'source',
        hint: 'write the whole ID after sha256:, or the beginning of it without sha256:',
      },
    );
  }
  return {
    kind: 'name',
    text,
    named: withoutTag(parseDockerReference(text)),
    short: isShort(text),
  };
}

/**
 * The image, by the names that a short one may stand for, then by the beginning of its ID, then by
 * the end of any of its names.
 * @param conf needed for short names only
 * @throws OcipushError SOURCE_NOT_FOUND
 */
export function lookUpLocally(
  view: StorageView,
  name: LocalName,
  conf: ShortNames | undefined,
): FoundImage {
  const found = name.kind === 'id' ? byID(view, name.id) : byName(view, name, conf);
  if (found) return found;
  const text = name.kind === 'id' ? name.id : name.text;
  throw new OcipushError('SOURCE_NOT_FOUND', `${text}: image not known`, {
    origin: 'source',
    hint: 'podman images lists what this user has; for an image in a file name its transport or path',
  });
}

function byName(
  view: StorageView,
  { text, named, short }: LocalName & { readonly kind: 'name' },
  conf: ShortNames | undefined,
): FoundImage | undefined {
  const candidates = short && conf ? expandShortName(text, conf) : [named];
  for (const candidate of candidates.map(withDefaultTag)) {
    const image = findReference(view, candidate);
    if (image) return { image, name: candidate };
  }
  return byID(view, text) ?? (short ? byLastComponents(view, text) : undefined);
}

function byID(view: StorageView, text: string): FoundImage | undefined {
  const image = findImage(view, text);
  return image && { image, name: undefined };
}

/** The image of a full name, or of a digest where the repository has any name there. */
export function findReference(view: StorageView, named: NamedReference): StoredImage | undefined {
  const image = findNamed(view, formatReference(named));
  if (image !== undefined || named.digest === undefined) return image;
  return findDigest(view, named.digest, named);
}

/** @throws OcipushError REFERENCE_INVALID for a registry or alias that is none */
function expandShortName(text: string, conf: ShortNames): readonly NamedReference[] {
  const { repository, suffix } = splitShortName(text);
  const alias = conf.aliases.get(repository);
  const registries = ['localhost', ...conf.unqualifiedSearchRegistries];
  return [
    ...(alias === undefined ? [] : [alias + suffix]),
    ...registries.map((registry) => `${registry}/${text}`),
    text,
  ].map((name) => withoutTag(parseDockerReference(name)));
}

function byLastComponents(view: StorageView, text: string): FoundImage | undefined {
  const { repository } = splitShortName(text);
  const { tag, digest } = withDefaultTag(withoutTag(parseDockerReference(text)));
  for (const image of imagesWhere(view, () => true)) {
    if (digest !== undefined && !image.record.digests.includes(digest)) continue;
    const name = namesOf(image.record).find(
      (each) =>
        repositoryOf(each).endsWith(`/${repository}`) && (digest !== undefined || each.tag === tag),
    );
    if (name) return { image, name };
  }
  return undefined;
}

/** A short name has no port: the first colon begins its tag. */
function splitShortName(text: string): { readonly repository: string; readonly suffix: string } {
  const [repository = ''] = text.split(/[:@]/, 1);
  return { repository, suffix: text.slice(repository.length) };
}

function isShort(text: string): boolean {
  const [first = ''] = text.split('/', 1);
  return first === text || !(/[.:]/.test(first) || first === 'localhost');
}

/** As docker does: of a tag and a digest, the digest counts. */
function withoutTag({ tag, ...rest }: NamedReference): NamedReference {
  return rest.digest === undefined && tag !== undefined ? { ...rest, tag } : rest;
}
