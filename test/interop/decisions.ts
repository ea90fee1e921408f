/** Where ours is not skopeo's on purpose, and the sentence of the manual that says so. */
import type { ImagePortrait, LayerPortrait, ManifestPortrait, Portrait } from './portrait.ts';
import { nameOf, type Outcome, type Outcomes, type Way } from './ways.ts';

export interface Decision {
  /** What the page of differences says, in one line and without its fonts. */
  readonly manual: string;
  /**
   * What ours is to be instead of skopeo's; undefined where the decision is not about this.
   * @param outcomes all of skopeo's of the same image
   */
  readonly instead: (
    theirs: Outcome,
    way: Way,
    entry: string,
    outcomes: Outcomes,
  ) => Outcome | undefined;
}

/** Whose types do not say how the layers are compressed. */
const WRONGLY_TYPED = [
  'wrong types',
  'plain in Docker format',
  'zstd in Docker format',
  'buildah-oci-to-schema1.dir',
];

/** Lists with images in zstd that do not say so. */
const NOT_MARKED = ['skopeo-list-to-oci-zstd', 'list with zstd, not marked'];

const ZSTD_MARK = 'io.github.containers.compression.zstd';
const DIGEST_OF_ATTESTED = 'vnd.docker.reference.digest';

export const DECISIONS: readonly Decision[] = [
  {
    manual:
      'An image in Docker schema 1 becomes v2s2, unless --format says otherwise or the image stays as it is, as in dir: without compression',
    instead: (_theirs, way, entry, outcomes) =>
      entry.endsWith('to-schema1.dir') &&
      way.format === undefined &&
      !way.compression?.startsWith('zstd') &&
      (way.to === 'docker' || (way.to === 'dir' && way.compression === 'gzip'))
        ? outcomes.get('dir: --format=v2s2 --compression-format=gzip')
        : undefined,
  },
  {
    manual:
      "zstd layers in an image that must be in Docker's format are recompressed with gzip, or decompressed for a destination that takes layers as they are",
    instead: zstdForDocker,
  },
  {
    manual:
      'In a manifest that is written anew the type of a layer says how the layer really is compressed',
    instead: (theirs, _way, entry) =>
      WRONGLY_TYPED.includes(entry) ? mapLayers(theirs, undefined, (layer) => layer) : undefined,
  },
  {
    manual: 'A foreign layer whose bytes are copied loses its URLs',
    instead: (theirs, { to }, entry) =>
      to === 'dir' && entry.startsWith('foreign layer') ? withoutUrls(theirs) : undefined,
  },
  {
    manual: 'An image is marked as zstd when it becomes that, and not when it stays as it was',
    instead: (theirs, _way, entry) =>
      NOT_MARKED.includes(entry) ? mapDescriptors(theirs, unmarked) : undefined,
  },
  {
    manual:
      'What a list has of the bytes of an image, or says of where they are, goes when the image has changed',
    instead: (theirs, _way, entry) =>
      entry === 'list with more than is known' ? mapDescriptors(theirs, withoutCopies) : undefined,
  },
  {
    manual: 'An attestation goes on naming the image that it speaks of when that has changed',
    instead: (theirs, _way, entry, outcomes) =>
      entry.startsWith('list with attestations')
        ? attesting(theirs, outcomes.get('dir:'))
        : undefined,
  },
];

/** Recoded by skopeo when it is asked for gzip; where it takes zstd for gzip, it is kept as it is. */
function zstdForDocker(
  theirs: Outcome,
  way: Way,
  _entry: string,
  outcomes: Outcomes,
): Outcome | undefined {
  const { to, format, compression } = way;
  const isDocker = format === 'v2s2' || format === 'v2s1';
  const source = outcomes.get('dir:');
  if (!isDocker || compression !== undefined || !source || !hasZstd(source)) return undefined;
  const gzip = outcomes.get(nameOf({ ...way, compression: 'gzip' }));
  return mapLayers('refused' in theirs ? (gzip ?? theirs) : theirs, source, (layer, before) => {
    const isPlain = to === 'dir' && before?.compression !== 'gzip';
    return { ...layer, compression: isPlain ? 'none' : 'gzip' };
  });
}

function hasZstd(outcome: Outcome): boolean {
  return JSON.stringify(outcome).includes('"compression":"zstd"');
}

/** @param before the same layer at the source, where that is known */
type Change = (layer: LayerPortrait, before?: LayerPortrait) => LayerPortrait;

/** Changes layers, which then have the types that tell what they are. */
function mapLayers(outcome: Outcome, source: Outcome | undefined, change: Change): Outcome {
  if ('refused' in outcome) return outcome;
  const before = source && 'manifest' in source ? source.manifest : undefined;
  return { ...outcome, manifest: mapManifest(outcome.manifest, before, change) };
}

function mapManifest(
  manifest: ManifestPortrait,
  source: ManifestPortrait | undefined,
  change: Change,
): ManifestPortrait {
  if ('instances' in manifest) {
    const before = source && 'instances' in source ? source.instances : [];
    const instances = manifest.instances.map((each, index) =>
      mapManifest(each, before[index], change),
    );
    return { ...manifest, instances };
  }
  const before = source && 'layers' in source ? source.layers : [];
  if ('payload' in manifest) {
    // Its layers stand there from the last to the first, with those between them that are empty.
    const filled = manifest.layers.filter(({ isEmpty }) => !isEmpty).toReversed();
    const changed = filled.map((layer, index) => change(layer, before[index]));
    const layers = manifest.layers.map((layer) =>
      layer.isEmpty ? layer : (changed.pop() ?? layer),
    );
    return { ...manifest, layers };
  }
  const layers = manifest.layers.map((layer, index) => change(layer, before[index]));
  const isSame = JSON.stringify(layers) === JSON.stringify(manifest.layers);
  if (isSame && manifest.isSource) return manifest;
  return { ...retyped(manifest, layers), isSource: false };
}

function retyped(image: ImagePortrait, layers: readonly LayerPortrait[]): ImagePortrait {
  const manifest = JSON.parse(image.members) as { readonly layers: readonly Typed[] };
  const types = manifest.layers.map((layer, index) => {
    const compression = layers[index]?.compression ?? 'none';
    const isDocker = layer.mediaType.includes('docker');
    const suffix = compression === 'none' ? '' : `${isDocker ? '.' : '+'}${compression}`;
    return { ...layer, mediaType: layer.mediaType.replace(/\.tar([.+]\w+)?$/, `.tar${suffix}`) };
  });
  return {
    ...image,
    members: JSON.stringify({ ...manifest, layers: types }, undefined, 1),
    layers,
  };
}

interface Typed {
  readonly mediaType: string;
  readonly urls?: readonly string[];
  readonly data?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function withoutUrls(outcome: Outcome): Outcome {
  if ('refused' in outcome || !('config' in outcome.manifest)) return outcome;
  const { members } = outcome.manifest;
  const manifest = JSON.parse(members) as { readonly layers: readonly Typed[] };
  if (manifest.layers.every(({ urls }) => urls === undefined)) return outcome;
  const layers = manifest.layers.map(({ urls: _urls, ...layer }) => layer);
  const changed = JSON.stringify({ ...manifest, layers }, undefined, 1);
  return { ...outcome, manifest: { ...outcome.manifest, members: changed, isSource: false } };
}

/** Changes what a list says of its images; `isKept`: whether the image is as it was. */
function mapDescriptors(
  outcome: Outcome,
  change: (descriptor: Typed, isKept: boolean, index: number) => Typed,
): Outcome {
  if ('refused' in outcome || !('instances' in outcome.manifest)) return outcome;
  const { instances, members } = outcome.manifest;
  const kept = instances.map((instance) => 'isSource' in instance && instance.isSource);
  const list = manifestsOf(outcome);
  const manifests = list.manifests.map((descriptor, index) =>
    change(descriptor, kept[index] ?? false, index),
  );
  const now = JSON.stringify({ ...list, manifests }, undefined, 1);
  // What skopeo alone has changed is as it was without that.
  const isSource = outcome.manifest.isSource || (now !== members && kept.every(Boolean));
  return { ...outcome, manifest: { ...outcome.manifest, members: now, isSource } };
}

function unmarked(descriptor: Typed, isKept: boolean): Typed {
  const { annotations: { [ZSTD_MARK]: mark, ...others } = {}, ...rest } = descriptor;
  if (mark === undefined || !isKept) return descriptor;
  return { ...rest, ...(Object.keys(others).length > 0 && { annotations: others }) };
}

function withoutCopies(descriptor: Typed, isKept: boolean): Typed {
  if (isKept) return descriptor;
  const { data: _data, urls: _urls, ...rest } = descriptor;
  return rest;
}

/** As the list says it when nothing changes. */
function attesting(theirs: Outcome, unchanged: Outcome | undefined): Outcome {
  if (unchanged === undefined || 'refused' in unchanged) return theirs;
  const { manifests } = manifestsOf(unchanged);
  return mapDescriptors(theirs, (descriptor, _isKept, index) => {
    const subject = manifests[index]?.annotations?.[DIGEST_OF_ATTESTED];
    if (subject === undefined) return descriptor;
    const annotations = { ...descriptor.annotations, [DIGEST_OF_ATTESTED]: subject };
    return { ...descriptor, annotations };
  });
}

function manifestsOf({ manifest }: Portrait): { readonly manifests: readonly Typed[] } {
  return 'members' in manifest ? JSON.parse(manifest.members) : { manifests: [] };
}
