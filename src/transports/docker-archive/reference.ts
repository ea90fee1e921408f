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
import type {
  DestinationReference,
  ImageDestination,
  ImageSource,
  SourceReference,
  TransportContext,
} from '../transport.ts';
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
  return new DockerArchiveReference(text, path, [image]);
}

class DockerArchiveReference implements SourceReference, DestinationReference {
  readonly transport = 'docker-archive';
  readonly dockerReference?: NamedReference;
  readonly #text: string;
  readonly #path: string;
  /** Several when one image is written under several names. */
  readonly #images: readonly [ImageInArchive, ...ImageInArchive[]];

  constructor(text: string, path: string, images: readonly [ImageInArchive, ...ImageInArchive[]]) {
    const [image] = images;
    if (image.by === 'name') this.dockerReference = image.name;
    this.#text = text;
    this.#path = path;
    this.#images = images;
  }

  toString(): string {
    return `docker-archive:${this.#text}`;
  }

  async openSource(context: TransportContext): Promise<ImageSource> {
    const archive = await TarArchive.open(this.#path, context);
    return openDockerArchiveSource(this, archive, selectorOf(this.#images[0]));
  }

  async openDestination(context: TransportContext): Promise<ImageDestination> {
    const target = { path: this.#path, tags: this.#images.flatMap(tagsOf) };
    const { openDockerArchiveDestination } = await import('./destination.ts');
    return openDockerArchiveDestination(this, target, context);
  }

  /** The file is written as a whole: what is pushed into it under two names is pushed once. */
  join(other: DestinationReference): DestinationReference | undefined {
    if (!(other instanceof DockerArchiveReference) || other.#path !== this.#path) return undefined;
    const text = `${this.#text} ${other.toString()}`;
    return new DockerArchiveReference(text, this.#path, [...this.#images, ...other.#images]);
  }
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
