/** Pushes what a manifest stands for: one image, or a list with all its instances. */
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { parseList, type ImageList } from '../image/list.ts';
import { isListType } from '../image/media-types.ts';
import { chooseInstance, chooseInstances, formatPlatform } from '../image/platform.ts';
import { OcipushError, withDetails, wrapError } from '../errors.ts';
import { MIB } from '../io/bytes.ts';
import type { RawManifest } from '../transports/transport.ts';
import { ANNOTATIONS, ENCRYPTION, listTypesFor } from './formats.ts';
import { frozenBy, frozenError, type Frozen } from './frozen.ts';
import { prepareImage, pushImage, type PlannedImage } from './image.ts';
import { recodedFormat } from './layers.ts';
import { finalList, missingForms, type ListPlan, type WrittenInstance } from './list-plan.ts';
import type { ImageWishes } from './plan.ts';
import type { PushSession } from './session.ts';
import { readSignatures, storeSignatures, type Signatures } from './signatures.ts';
import { writeManifest, type ManifestTarget } from './write-manifest.ts';

/** Lists in lists, deeper than anybody nests them: an endless descent ends here. */
export const MAX_DEPTH = 8;

/**
 * Bytes that all manifests below a list may have, for all are held until the last one is pushed: a
 * few bytes of lists in lists can stand for more than any machine can hold.
 */
const LIST_LIMIT = 16 * MIB;

/** Bytes as which a manifest counts that has fewer. */
const LEAST_WEIGHT = 4096;

/** Docker saves the whole list of an image that it has for one platform only. */
const CHOOSE_HINT = 'name the platforms that are here: --platform';

interface PlannedList {
  readonly kind: 'list';
  readonly plan: ListPlan;
  readonly signatures: Signatures;
  readonly instances: readonly PlannedInstance[];
}

interface PlannedInstance {
  readonly descriptor: Descriptor;
  /** Another form of an instance that stands in the list as well. */
  readonly isAdded: boolean;
  /** Undefined for one that is not pushed. */
  readonly contents: PlannedManifest | undefined;
}

export type PlannedManifest = PlannedImage | PlannedList;

/** A manifest, and what is known of it from where it is named. */
export interface ManifestRequest {
  readonly raw: RawManifest;
  /** Where it is named by a list; undefined for what the reference means. */
  readonly instance?: Descriptor | undefined;
  readonly wishes: ImageWishes;
  readonly frozen?: Frozen | undefined;
  readonly depth?: number | undefined;
}

/**
 * Reads all manifests and decides what happens to all layers; nothing is written. Of a list, a
 * destination that takes no lists gets the instance for `options.platform`.
 * @throws OcipushError MANIFEST_INVALID, DIGEST_MISMATCH, SOURCE_NOT_FOUND, UNSUPPORTED
 */
export async function prepareManifest(
  session: PushSession,
  request: ManifestRequest,
): Promise<PlannedManifest> {
  const { raw, instance, wishes, depth = 0 } = request;
  const signatures = await readSignatures(session, raw, instance);
  const { requiredDigest } = session.destination.capabilities;
  const frozen = request.frozen ?? frozenBy(signatures.length > 0, requiredDigest, session.options);
  if (!isListType(raw.mediaType)) {
    if (depth === 0) checkOneImage(session);
    return prepareImage(session, { raw, signatures, wishes, frozen });
  }
  if (depth === MAX_DEPTH) {
    throw new OcipushError('LIMIT_EXCEEDED', `lists are nested more than ${MAX_DEPTH} deep`);
  }
  const list = parseList(raw.bytes, raw.mediaType);
  const types = typesFor(session, list, wishes, frozen);
  if (types.length > 0) {
    const plan = planList(session, raw, list, types, wishes, frozen);
    return prepareList(session, plan, { ...request, frozen, depth, signatures });
  }
  checkOneImage(session);
  checkOnePlatform(session);
  const chosen = chooseInstance(list, session.options.platform);
  return prepareInstance(session, chosen, { ...request, depth });
}

/** All images that a manifest stands for, in the order in which they are pushed. */
export function imagesIn(manifest: PlannedManifest): readonly PlannedImage[] {
  if (manifest.kind === 'image') return [manifest];
  return manifest.instances.flatMap(({ contents }) => (contents ? imagesIn(contents) : []));
}

/** All signatures that come with it, and with anything that it names. */
export function signaturesIn(manifest: PlannedManifest): Signatures {
  if (manifest.kind === 'image') return manifest.signatures;
  const below = manifest.instances.flatMap(({ contents }) =>
    contents ? signaturesIn(contents) : [],
  );
  return [...below, ...manifest.signatures];
}

/** The digests of a manifest and of all that it lists, as they are at the source. */
export function digestsIn(manifest: PlannedManifest): readonly Digest[] {
  if (manifest.kind === 'image') return [manifest.source.raw.digest];
  const listed = manifest.instances.flatMap(({ descriptor, isAdded, contents }) => {
    if (isAdded) return [];
    return contents ? digestsIn(contents) : [descriptor.digest];
  });
  return [manifest.plan.raw.digest, ...listed];
}

/** Instances of lists that are named and not pushed. */
export function unpushedIn(manifest: PlannedManifest): readonly Digest[] {
  if (manifest.kind === 'image') return [];
  return manifest.instances.flatMap(({ descriptor, contents }) =>
    contents ? unpushedIn(contents) : [descriptor.digest],
  );
}

/** The manifest that the push will end with, where that is known beforehand. */
export function predictManifest(manifest: PlannedManifest): RawManifest | undefined {
  if (manifest.kind === 'image') return manifest.predicted;
  const written: WrittenInstance[] = [];
  for (const { descriptor, isAdded, contents } of manifest.instances) {
    const predicted = contents && predictManifest(contents);
    if (contents && predicted === undefined) return undefined;
    written.push({ descriptor, isAdded, manifest: predicted });
  }
  return finalList(manifest.plan, manifest.plan.types[0] ?? '', written);
}

/**
 * Stores all that a manifest refers to, down to the last blob, and then the manifest itself.
 * @returns the manifest that was written
 */
export async function pushManifest(
  session: PushSession,
  manifest: PlannedManifest,
  target: ManifestTarget = 'image',
): Promise<RawManifest> {
  if (manifest.kind === 'image') return pushImage(session, manifest, target);
  const { plan, instances, signatures } = manifest;
  const pushed = instances.filter(({ contents }) => contents !== undefined);
  const { length: of } = pushed;
  session.progress.event({ kind: 'list', copies: of, total: plan.source.instances.length });
  const written: WrittenInstance[] = [];
  for (const instance of instances) {
    const { descriptor, isAdded, contents } = instance;
    if (contents) {
      const index = pushed.indexOf(instance);
      session.progress.event({ kind: 'instance', digest: descriptor.digest, index, of, isAdded });
    }
    const pushedForm = contents && (await pushManifest(session, contents, 'instance'));
    written.push({ descriptor, isAdded, manifest: pushedForm });
  }
  const forms = plan.types.map((type) => ({
    type,
    make: async () => finalList(plan, type, written),
  }));
  const writing = writeManifest(session, { forms, target, signatures });
  return session.options.expects === 'sparse-list' ? writing.catch(missingInstance) : writing;
}

/** What a list names that goes alone must be there already: no repetition would bring it. */
function missingInstance(error: unknown): never {
  const isMissing =
    error instanceof OcipushError && error.context['registryCode'] === 'MANIFEST_BLOB_UNKNOWN';
  if (!isMissing) throw error;
  throw withDetails(error, {
    retryable: false,
    hint: 'push what the list names as well: leave out --all=false',
  });
}

/**
 * Signs what the destination has already, instances before their list, and stores the signatures.
 * @param manifest one that is predicted, with all that it names
 * @throws OcipushError of a signer or the destination
 */
export async function signManifest(
  session: PushSession,
  manifest: PlannedManifest,
  target: ManifestTarget = 'image',
): Promise<void> {
  for (const { contents } of manifest.kind === 'list' ? manifest.instances : []) {
    if (contents) await signManifest(session, contents, 'instance');
  }
  const raw = predictManifest(manifest);
  if (raw === undefined) throw new TypeError('a manifest that is there and not known');
  const instance = target === 'instance' ? raw.digest : undefined;
  await storeSignatures(session, manifest.signatures, raw, instance);
}

/** @throws OcipushError UNSUPPORTED for wishes that only a list can fulfil */
function checkOneImage({ destination, options: { addCompression } }: PushSession): void {
  if (addCompression.length === 0) return;
  throw new OcipushError(
    'UNSUPPORTED',
    `adding instances as ${addCompression.join(', ')} is not possible: what is pushed to ` +
      `${destination.reference.toString()} is a single image, and no list`,
    { origin: 'usage', hint: 'choose how it is compressed: --compression-format' },
  );
}

/** @throws OcipushError UNSUPPORTED when several instances are wanted */
function checkOnePlatform({ destination, options: { platforms } }: PushSession): void {
  if (platforms.length < 2) return;
  throw new OcipushError(
    'UNSUPPORTED',
    `${destination.reference.toString()} takes one image, and not those for ` +
      platforms.map(formatPlatform).join(', '),
    { origin: 'usage', hint: 'name one --platform for this destination' },
  );
}

/** @throws OcipushError UNSUPPORTED */
function typesFor(
  { destination }: PushSession,
  { mediaType }: ImageList,
  { format, annotations, encryption }: ImageWishes,
  frozen: Frozen | undefined,
): readonly string[] {
  const isAnnotated = Object.keys(annotations).length > 0;
  return listTypesFor(mediaType, destination.capabilities.manifestTypes, {
    format,
    frozen,
    needsOci: encryption ? ENCRYPTION : isAnnotated ? ANNOTATIONS : undefined,
  });
}

/** @throws OcipushError UNSUPPORTED, SOURCE_NOT_FOUND */
function planList(
  { options }: PushSession,
  raw: RawManifest,
  list: ImageList,
  types: readonly string[],
  { annotations }: ImageWishes,
  frozen: Frozen | undefined,
): ListPlan {
  const { platforms, addCompression, platform: pusher } = options;
  const kept = platforms.length === 0 ? list.instances : chooseInstances(list, platforms);
  if (frozen && addCompression.length > 0) throw frozenError(frozen, 'adding instances');
  if (frozen && kept.length < list.instances.length) {
    throw frozenError(frozen, 'leaving out instances');
  }
  if (frozen && Object.keys(annotations).length > 0)
    throw frozenError(frozen, 'adding annotations');
  return { raw, source: list, instances: kept, types, annotations, pusher };
}

async function prepareList(
  session: PushSession,
  plan: ListPlan,
  request: ManifestRequest & { readonly depth: number; readonly signatures: Signatures },
): Promise<PlannedList> {
  const { signatures } = request;
  if (session.options.expects === 'sparse-list') {
    const left = { isAdded: false, contents: undefined };
    const instances = plan.instances.map((descriptor) => ({ descriptor, ...left }));
    return { kind: 'list', plan, signatures, instances };
  }
  const wishes = { ...request.wishes, annotations: {} };
  const instances: PlannedInstance[] = [];
  const recoded = recodedFormat(session.destination.capabilities, wishes.compression);
  const missing = missingForms(plan.instances, session.options.addCompression, recoded);
  let weight = 0;
  for (const [index, descriptor] of plan.instances.entries()) {
    const contents = await prepareInstance(session, descriptor, { ...request, wishes });
    weight += weightOf(contents);
    if (weight > LIST_LIMIT) {
      throw new OcipushError(
        'LIMIT_EXCEEDED',
        `the manifests of a list exceed ${LIST_LIMIT} bytes`,
      );
    }
    instances.push({ descriptor, isAdded: false, contents });
    if (contents.kind === 'list') continue;
    for (const format of missing[index] ?? []) {
      const compression = { format, everywhere: true, keepPlain: false, anyVariant: false };
      const other = { ...request, wishes: { ...wishes, compression } };
      const added = await prepareInstance(session, descriptor, other);
      instances.push({ descriptor, isAdded: true, contents: added });
    }
  }
  return { kind: 'list', plan, signatures, instances };
}

function weightOf(manifest: PlannedManifest): number {
  if (manifest.kind === 'image') return Math.max(manifest.source.raw.bytes.length, LEAST_WEIGHT);
  return manifest.instances.reduce(
    (sum, { contents }) => sum + (contents ? weightOf(contents) : 0),
    Math.max(manifest.plan.raw.bytes.length, LEAST_WEIGHT),
  );
}

async function prepareInstance(
  session: PushSession,
  descriptor: Descriptor,
  request: ManifestRequest & { readonly depth: number },
): Promise<PlannedManifest> {
  const raw = await session.source.getManifest(descriptor).catch((error: unknown) => {
    const failure = wrapError(error, 'reading an instance of the list', {
      code: 'MANIFEST_INVALID',
      origin: 'source',
    });
    if (failure.code !== 'BLOB_UNKNOWN') throw failure;
    const { hint } = failure;
    throw withDetails(failure, { hint: hint ? `${hint}, or ${CHOOSE_HINT}` : CHOOSE_HINT });
  });
  const depth = request.depth + 1;
  return prepareManifest(session, { ...request, raw, instance: descriptor, depth });
}
