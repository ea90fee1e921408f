/** Pushes what a manifest stands for: one image, or a list with all its instances. */
import { toDockerList, toOciIndex } from '../image/convert-list.ts';
import type { Descriptor, Platform } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { encodeList, parseList, replaceInstances, type ImageList } from '../image/list.ts';
import { chooseManifestType, isListType, OCI_INDEX } from '../image/media-types.ts';
import { chooseInstance } from '../image/platform.ts';
import { OcipushError, wrapError } from '../errors.ts';
import type { RawManifest } from '../transports/transport.ts';
import { productionKeys } from './blobs.ts';
import {
  checkSignatures,
  predictImage,
  prepareImage,
  storeBlobs,
  type PlannedImage,
} from './image.ts';
import type { PushSession } from './session.ts';

/** Lists in lists, deeper than anybody nests them: an endless descent ends here. */
const MAX_DEPTH = 8;

interface PlannedList {
  readonly raw: RawManifest;
  /** In the format that the destination takes. */
  readonly list: ImageList;
  readonly instances: readonly PlannedInstance[];
}

interface PlannedInstance {
  readonly descriptor: Descriptor;
  readonly contents: PlannedManifest;
}

export type PlannedManifest = PlannedImage | PlannedList;

/**
 * Reads all manifests and decides what happens to all layers; nothing is written. Of a list, a
 * destination that takes no lists gets the instance for `options.platform`.
 * @throws OcipushError MANIFEST_INVALID, DIGEST_MISMATCH, SOURCE_NOT_FOUND, UNSUPPORTED
 */
export async function prepareManifest(
  session: PushSession,
  raw: RawManifest,
  depth = 0,
): Promise<PlannedManifest> {
  if (!isListType(raw.mediaType)) return prepareImage(session, raw);
  if (depth === MAX_DEPTH) {
    throw new OcipushError('LIMIT_EXCEEDED', `lists are nested more than ${MAX_DEPTH} deep`);
  }
  const list = parseList(raw.bytes, raw.mediaType);
  const { destination, options } = session;
  const mediaType = chooseManifestType(raw.mediaType, destination.capabilities.manifestTypes);
  if (mediaType === undefined) {
    const instance = await readInstance(session, chooseInstance(list, options.platform));
    return prepareManifest(session, instance, depth + 1);
  }
  const instances: PlannedInstance[] = [];
  for (const descriptor of list.instances) {
    const instance = await readInstance(session, descriptor);
    instances.push({ descriptor, contents: await prepareManifest(session, instance, depth + 1) });
  }
  return { raw, list: listAs(mediaType, list, options.platform), instances };
}

/** The blobs that storing may have to produce. */
export function expectedProductions(
  session: PushSession,
  manifest: PlannedManifest,
): readonly string[] {
  return 'list' in manifest
    ? manifest.instances.flatMap(({ contents }) => expectedProductions(session, contents))
    : productionKeys(session, manifest.plan);
}

/** The manifest that the push will end with, where that is known beforehand. */
export function predictManifest(
  session: PushSession,
  manifest: PlannedManifest,
): RawManifest | undefined {
  if (!('list' in manifest)) return predictImage(session, manifest);
  const instances = manifest.instances.map(({ contents }) => predictManifest(session, contents));
  return instances.every((instance) => instance !== undefined)
    ? finalList(manifest, instances)
    : undefined;
}

/**
 * Stores all that a manifest refers to, down to the last blob.
 * @returns the manifest that describes what was stored; it is not written yet
 */
export async function storeContents(
  session: PushSession,
  manifest: PlannedManifest,
): Promise<RawManifest> {
  if (!('list' in manifest)) return storeBlobs(session, manifest);
  const { length: of } = manifest.instances;
  session.progress.event({ kind: 'list', copies: of, total: of });
  const stored: RawManifest[] = [];
  for (const [index, { descriptor, contents }] of manifest.instances.entries()) {
    session.progress.event({ kind: 'instance', digest: descriptor.digest, index, of });
    const instance = await storeContents(session, contents);
    await writeManifest(session, instance, instance.digest);
    stored.push(instance);
  }
  return finalList(manifest, stored);
}

/** Writes the manifest itself: under its own digest as an instance, else as the image's name says. */
export async function writeManifest(
  session: PushSession,
  manifest: RawManifest,
  instance?: Digest,
): Promise<void> {
  const of = isListType(manifest.mediaType) ? 'list' : 'image';
  session.progress.event({ kind: 'writing-manifest', of });
  await session.destination.putManifest(manifest, instance).catch((error: unknown) => {
    throw wrapError(error, 'writing manifest', { code: 'MANIFEST_REJECTED' });
  });
}

async function readInstance(session: PushSession, descriptor: Descriptor): Promise<RawManifest> {
  await checkSignatures(session, descriptor);
  try {
    return await session.source.getManifest(descriptor);
  } catch (error) {
    throw wrapError(error, 'reading an instance of the list', {
      code: 'MANIFEST_INVALID',
      origin: 'source',
    });
  }
}

function listAs(mediaType: string, list: ImageList, pusher: Platform): ImageList {
  if (mediaType === list.mediaType) return list;
  return mediaType === OCI_INDEX ? toOciIndex(list) : toDockerList(list, pusher);
}

function finalList(
  { raw, list, instances }: PlannedList,
  stored: readonly RawManifest[],
): RawManifest {
  const updates = new Map(
    instances.flatMap(({ descriptor }, index) => {
      const manifest = stored[index];
      if (manifest === undefined || manifest.digest === descriptor.digest) return [];
      const { digest, mediaType, bytes } = manifest;
      return [[descriptor.digest, { digest, mediaType, size: bytes.length }] as const];
    }),
  );
  if (updates.size === 0 && list.mediaType === raw.mediaType) return raw;
  const bytes = encodeList(replaceInstances(list, updates));
  return { bytes, mediaType: list.mediaType, digest: digestOf(bytes) };
}
