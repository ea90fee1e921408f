/** Pushes what a manifest stands for: one image, or a list with all its instances. */
import type { Descriptor } from '../image/descriptor.ts';
import { digestMismatch, digestOf, type Digest } from '../image/digest.ts';
import { encodeList, parseList, replaceInstances, type ImageList } from '../image/list.ts';
import { isListType } from '../image/media-types.ts';
import { OcipushError, wrapError } from '../errors.ts';
import type { RawManifest } from '../transports/transport.ts';
import {
  checkSignatures,
  planImage,
  predictManifest as predictImage,
  storeBlobs,
  type ImagePlan,
} from './image.ts';
import type { PushSession } from './session.ts';

/** Lists in lists, deeper than anybody nests them: an endless descent ends here. */
const MAX_DEPTH = 8;

interface ListPlan {
  readonly raw: RawManifest;
  readonly list: ImageList;
  readonly instances: readonly { readonly descriptor: Descriptor; readonly plan: ManifestPlan }[];
}

export type ManifestPlan = ImagePlan | ListPlan;

/**
 * Reads all manifests and decides what happens to all layers; nothing is written.
 * @throws OcipushError MANIFEST_INVALID, DIGEST_MISMATCH, UNSUPPORTED
 */
export async function planManifest(
  session: PushSession,
  raw: RawManifest,
  depth = 0,
): Promise<ManifestPlan> {
  if (!isListType(raw.mediaType)) return planImage(session, raw);
  if (depth === MAX_DEPTH) {
    throw new OcipushError('LIMIT_EXCEEDED', `lists are nested more than ${MAX_DEPTH} deep`);
  }
  const list = parseList(raw.bytes, raw.mediaType);
  const instances: ListPlan['instances'][number][] = [];
  for (const descriptor of list.instances) {
    await checkSignatures(session, descriptor);
    const instance = await readInstance(session, descriptor);
    instances.push({ descriptor, plan: await planManifest(session, instance, depth + 1) });
  }
  return { raw, list, instances };
}

/** The manifest that the push will end with, where that is known beforehand. */
export function predictManifest(session: PushSession, plan: ManifestPlan): RawManifest | undefined {
  if (!('list' in plan)) return predictImage(session, plan);
  const instances = plan.instances.map((instance) => predictManifest(session, instance.plan));
  return instances.every((instance) => instance !== undefined)
    ? finalList(plan, instances)
    : undefined;
}

/**
 * Stores all that a manifest refers to, down to the last blob.
 * @returns the manifest that describes what was stored; it is not written yet
 */
export async function storeContents(
  session: PushSession,
  plan: ManifestPlan,
): Promise<RawManifest> {
  if (!('list' in plan)) return storeBlobs(session, plan);
  const { length: of } = plan.instances;
  session.progress.event({ kind: 'list', copies: of, total: of });
  const stored: RawManifest[] = [];
  for (const [index, { descriptor, plan: instance }] of plan.instances.entries()) {
    session.progress.event({ kind: 'instance', digest: descriptor.digest, index, of });
    const manifest = await storeContents(session, instance);
    await writeManifest(session, instance, manifest, manifest.digest);
    stored.push(manifest);
  }
  return finalList(plan, stored);
}

/** Writes the manifest itself: under its own digest as an instance, else as the image's name says. */
export async function writeManifest(
  session: PushSession,
  plan: ManifestPlan,
  manifest: RawManifest,
  instance?: Digest,
): Promise<void> {
  session.progress.event({ kind: 'writing-manifest', of: 'list' in plan ? 'list' : 'image' });
  await session.destination.putManifest(manifest, instance).catch((error: unknown) => {
    throw wrapError(error, 'writing manifest', { code: 'MANIFEST_REJECTED' });
  });
}

async function readInstance(session: PushSession, descriptor: Descriptor): Promise<RawManifest> {
  try {
    const manifest = await session.source.getManifest(descriptor);
    if (manifest.digest === descriptor.digest) return manifest;
    throw digestMismatch(descriptor.digest, manifest.digest);
  } catch (error) {
    throw wrapError(error, `reading instance ${descriptor.digest} of the list`, {
      code: 'SOURCE_NOT_FOUND',
      origin: 'source',
    });
  }
}

function finalList(
  { raw, list, instances }: ListPlan,
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
  if (updates.size === 0) return raw;
  const bytes = encodeList(replaceInstances(list, updates));
  return { bytes, mediaType: list.mediaType, digest: digestOf(bytes) };
}
