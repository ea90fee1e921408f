/** What an image is, wherever and however it is stored; and pushes from and to several places. */
import { digestOf, verified, type Digest } from '../../src/image/digest.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { decompressAny } from '../../src/transforms/decompress.ts';
import { localReference } from './local-push.ts';
import { makeImage, type ImageSpec, type MadeBlob, type MadeImage } from './make-image.ts';
import type { Run } from './ocipush.ts';
import { pushedImage } from './pushed-image.ts';
import type { Registry } from './registry/registry.ts';
import type { Repository } from './registry/repository.ts';
import type { Scene } from './scene.ts';
import { bytesOf } from './streams.ts';
import { makeContext } from './transport-context.ts';

/** What stays the same when layers are recoded. */
export interface Essence {
  readonly config: Digest;
  readonly diffIDs: readonly Digest[];
}

export function essenceOf({ config, layers }: MadeImage): Essence {
  return { config: config.descriptor.digest, diffIDs: layers.map(({ diffID }) => diffID) };
}

/** @throws when the image or anything it refers to is not there */
export function essenceIn(repository: Repository, reference: string): Essence {
  const { config, diffIDs } = pushedImage(repository, reference);
  return { config: digestOf(config), diffIDs };
}

/**
 * The image at a local place, of which every byte is checked.
 * @throws when it is not whole
 */
export async function essenceAt(place: string): Promise<Essence & { readonly mediaType: string }> {
  await using source = await localReference(place).openSource(makeContext());
  const { bytes, mediaType } = await source.getManifest();
  const { config, layers } = parseImageManifest(bytes, mediaType);
  await bytesOf(verified(source.getBlob(config), config));
  const diffIDs: Digest[] = [];
  for (const layer of layers) {
    const plain = decompressAny(verified(source.getBlob(layer), layer));
    diffIDs.push(digestOf(await bytesOf(plain)));
  }
  return { config: config.digest, diffIDs, mediaType };
}

/** A local place with the path that it has for the command, whose paths are relative to the home. */
export function inHome({ home }: Scene, place: string): string {
  return place.replace(':', `:${home.path}/`);
}

/** Pushes without TLS, once, with the scene's digest file; flags, source and destinations follow. */
export function pushTo(scene: Scene, ...rest: readonly string[]): Promise<Run> {
  const flags = ['--tls-verify=false', '--retry=0', '--digestfile', scene.path('digest')];
  return scene.home.run(['push', ...flags, ...rest]);
}

/** Puts an image there as if it had been pushed. */
export function seedImage(repository: Repository, spec: ImageSpec, tag: string): MadeImage {
  const image = makeImage(spec);
  for (const { bytes } of [image.config, ...image.layers]) repository.addBlob(bytes);
  seedManifest(repository, image.manifest, tag);
  return image;
}

export function seedManifest(repository: Repository, manifest: MadeBlob, tag?: string): void {
  repository.addManifest(manifest.bytes, manifest.descriptor.mediaType, tag);
}

/** How often each blob was asked for as a whole. */
export function readings({ requests }: Registry): readonly number[] {
  const counts = new Map<string, number>();
  for (const { method, path, headers } of requests) {
    if (method !== 'GET' || !path.includes('/blobs/') || headers.range !== undefined) continue;
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return [...counts.values()];
}
