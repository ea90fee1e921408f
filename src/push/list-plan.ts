/** Says what a list is once its instances are written, from facts alone. */
import { toDockerList, toOciIndex } from '../image/convert-list.ts';
import type { Descriptor, Platform } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { encodeList, ZSTD_INSTANCE_ANNOTATION, type ImageList } from '../image/list.ts';
import { isManifestType, OCI_INDEX, type CompressionFormat } from '../image/media-types.ts';
import { parseImageManifest } from '../image/manifest.ts';
import { ATTESTED_ANNOTATION, isAttestation } from '../image/platform.ts';
import type { RawManifest } from '../transports/transport.ts';

export interface ListPlan {
  readonly raw: RawManifest;
  /** As the source has it. */
  readonly source: ImageList;
  /** Of these the ones that are pushed. */
  readonly instances: readonly Descriptor[];
  /** Media types of the list to write, the preferred one first. */
  readonly types: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Gives a platform to instances without one, where the format wants that. */
  readonly pusher: Platform;
}

export interface WrittenInstance {
  /** As the list of the source has it. */
  readonly descriptor: Descriptor;
  /** Another form of an instance that stands in the list as well. */
  readonly isAdded: boolean;
  /** Undefined for one that is left where it is, as the list has it. */
  readonly manifest: RawManifest | undefined;
}

/** The list to write under one of the plan's types: the source's own bytes where nothing changes. */
export function finalList(
  plan: ListPlan,
  type: string,
  written: readonly WrittenInstance[],
): RawManifest {
  const { raw, source, annotations } = plan;
  const edited: ImageList = { ...source, instances: finalInstances(source, written) };
  const isAnnotated = Object.keys(annotations).length > 0;
  if (type === raw.mediaType && !isAnnotated && isEqual(edited, plan.source)) return raw;
  const converted = listAs(type, edited, plan.pusher);
  const final = isAnnotated
    ? { ...converted, annotations: { ...converted.annotations, ...annotations } }
    : converted;
  const bytes = encodeList(final);
  return { bytes, mediaType: final.mediaType, digest: digestOf(bytes) };
}

/**
 * For each instance, in which of the wished forms its platform will not be in the list yet. As in the
 * reference an instance counts as zstd when it is annotated so, and as gzip otherwise.
 * @param recoded the form in which all instances are pushed, where one was asked for
 */
export function missingForms(
  instances: readonly Descriptor[],
  wished: readonly CompressionFormat[],
  recoded?: CompressionFormat,
): readonly (readonly CompressionFormat[])[] {
  const known = new Map<string, Set<CompressionFormat>>();
  for (const instance of instances) {
    const forms = known.get(platformKey(instance)) ?? new Set();
    const own = recoded ?? (isMarkedZstd(instance) ? 'zstd' : 'gzip');
    known.set(platformKey(instance), forms.add(own));
  }
  return instances.map((instance) => {
    if (isAttestation(instance)) return [];
    const forms = known.get(platformKey(instance));
    const missing = wished.filter((format) => forms?.has(format) === false);
    for (const format of missing) forms?.add(format);
    return missing;
  });
}

/** Whether the reference would write the same for both. */
function isEqual(left: ImageList, right: ImageList): boolean {
  return Buffer.compare(encodeList(left), encodeList(right)) === 0;
}

function platformKey({ platform }: Descriptor): string {
  const { os, architecture, variant, 'os.version': version } = platform ?? {};
  const features = platform?.['os.features']?.toSorted();
  return JSON.stringify([os, architecture, variant, version, features]);
}

function finalInstances(
  { mediaType }: ImageList,
  written: readonly WrittenInstance[],
): readonly Descriptor[] {
  const isOci = mediaType === OCI_INDEX;
  const originals = written.filter(({ isAdded }) => !isAdded);
  const moved = new Map(
    originals.map(({ descriptor, manifest = descriptor }) => [
      descriptor.digest as string,
      manifest.digest,
    ]),
  );
  const kept = originals.map((each) => pointingTo(moved, finalInstance(each, isOci)));
  // What could not be recoded, or was so already, stands in the list as it is.
  const added = written
    .filter(
      ({ isAdded, manifest, descriptor }) =>
        isAdded && manifest?.digest !== moved.get(descriptor.digest),
    )
    .map((each) => finalInstance(each, isOci));
  if (added.length === 0) return kept;
  // Readers that take the first that fits, and do not know zstd, must come upon the others first.
  return [...kept, ...added].toSorted(
    (left, right) => Number(isMarkedZstd(left)) - Number(isMarkedZstd(right)),
  );
}

function finalInstance({ descriptor, manifest }: WrittenInstance, isOci: boolean): Descriptor {
  if (manifest === undefined || manifest.digest === descriptor.digest) return descriptor;
  const { digest, mediaType, bytes } = manifest;
  // `urls` and `data` lead to the bytes that the old digest names.
  const { urls: _urls, data: _data, ...lasting } = descriptor;
  const updated = { ...lasting, mediaType, digest, size: bytes.length };
  if (!isOci || !hasZstdLayers(manifest)) return updated;
  const annotations = { ...descriptor.annotations, [ZSTD_INSTANCE_ANNOTATION]: 'true' };
  return { ...updated, annotations };
}

/** What speaks of an instance goes on speaking of it. */
function pointingTo(moved: ReadonlyMap<string, Digest>, instance: Descriptor): Descriptor {
  const { annotations } = instance;
  const subject = annotations?.[ATTESTED_ANNOTATION];
  const now = subject === undefined ? undefined : moved.get(subject);
  if (now === undefined || now === subject) return instance;
  return { ...instance, annotations: { ...annotations, [ATTESTED_ANNOTATION]: now } };
}

function hasZstdLayers({ bytes, mediaType }: RawManifest): boolean {
  if (!isManifestType(mediaType)) return false;
  const { layers } = parseImageManifest(bytes, mediaType);
  return layers.some((layer) => /\+zstd(?:\+encrypted)?$/.test(layer.mediaType));
}

function isMarkedZstd(instance: Descriptor | undefined): boolean {
  return instance?.annotations?.[ZSTD_INSTANCE_ANNOTATION] === 'true';
}

function listAs(mediaType: string, list: ImageList, pusher: Platform): ImageList {
  if (mediaType === list.mediaType) return list;
  return mediaType === OCI_INDEX ? toOciIndex(list) : toDockerList(list, pusher);
}
