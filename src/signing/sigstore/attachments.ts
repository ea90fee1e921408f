/** Sigstore signatures as cosign attaches them to an image: an artifact under a tag of their own. */
import type { Descriptor } from '../../image/descriptor.ts';
import { digestAlgorithm, digestMismatch, digestOf } from '../../image/digest.ts';
import type { Digest } from '../../image/digest.ts';
import { encodeJson, type RawJson } from '../../image/json-encoder.ts';
import {
  encodeImageManifest,
  parseImageManifest,
  type ImageManifest,
} from '../../image/manifest.ts';
import { parseImageConfig } from '../../image/image-config.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../../image/media-types.ts';
import { referrersTag } from '../../image/referrers.ts';
import { rawMembers } from '../../image/raw-json.ts';
import type { Signature, SigstoreSignature } from '../../image/signature.ts';
import { OcipushError } from '../../errors.ts';

/** Bytes that are stored under the digest that their descriptor has. */
export interface AttachedBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** The artifact as it is stored: the bytes of its manifest and of its config. */
export interface StoredAttachments {
  readonly manifest: Uint8Array;
  readonly config: Uint8Array;
}

/** What must be stored so that signatures are attached: blobs, config and manifest in this order. */
export interface ExtendedAttachments extends Omit<ExtendedLayers, 'added'> {
  readonly layers: readonly AttachedBlob[];
}

/** What must be stored so that layers are attached, beside their blobs: the config first. */
interface ExtendedLayers {
  readonly added: ReadonlySet<Descriptor>;
  readonly config: AttachedBlob;
  readonly manifest: {
    readonly bytes: Uint8Array;
    readonly mediaType: typeof OCI_MANIFEST;
    readonly digest: Digest;
  };
}

/** The tag under which signatures of a manifest are (cosign specs/SIGNATURE_SPEC.md). */
export function attachmentTag(digest: Digest): string {
  return `${referrersTag(digest)}.sig`;
}

/**
 * The descriptors in the manifest of stored attachments. Payloads are the layers, whatever their
 * types.
 * @throws OcipushError MANIFEST_INVALID, also when the manifest is of another type
 */
export function parseAttachments(
  manifest: Uint8Array,
  mediaType: string = OCI_MANIFEST,
): ImageManifest {
  if (mediaType === OCI_MANIFEST) return parseImageManifest(manifest, OCI_MANIFEST);
  throw new OcipushError(
    'MANIFEST_INVALID',
    `unexpected MIME type for sigstore attachment manifest: ${JSON.stringify(mediaType)}`,
    { hint: 'the tag for signatures holds something else: remove it from the repository' },
  );
}

/** @throws OcipushError DIGEST_MISMATCH when the payload is not the one that the layer names */
export function readAttachment(layer: Descriptor, payload: Uint8Array): SigstoreSignature {
  const digest = digestOf(payload, digestAlgorithm(layer.digest));
  if (digest !== layer.digest) throw digestMismatch(layer.digest, digest);
  const { mediaType, annotations = {} } = layer;
  return { format: 'sigstore', mediaType, payload, annotations };
}

/**
 * Adds signatures to those that are stored, and keeps those as they are. Undefined when there is
 * nothing to add: signatures of other forms, and those that are there already, are not.
 * @throws OcipushError MANIFEST_INVALID when what is stored cannot be read
 */
export function extendAttachments(
  stored: StoredAttachments | undefined,
  signatures: readonly Signature[],
): ExtendedAttachments | undefined {
  const blobs = signatures.flatMap((signature) =>
    signature.format === 'sigstore' ? [attachedBlob(signature)] : [],
  );
  const descriptors = blobs.map(({ descriptor }) => descriptor);
  const extended = extendLayers(stored, descriptors);
  if (extended === undefined) return undefined;
  const { added, config, manifest } = extended;
  return { layers: blobs.filter(({ descriptor }) => added.has(descriptor)), config, manifest };
}

/**
 * Adds layers, whose blobs are stored or will be, to those of stored attachments; undefined when
 * they are all there.
 * @throws OcipushError MANIFEST_INVALID when what is stored cannot be read
 */
export function extendLayers(
  stored: StoredAttachments | undefined,
  others: readonly Descriptor[],
): ExtendedLayers | undefined {
  const before = stored && parseAttachments(stored.manifest);
  const layers = [...(before?.layers ?? [])];
  const added = new Set<Descriptor>();
  for (const other of others) {
    if (layers.some((layer) => isSameLayer(layer, other))) continue;
    layers.push(other);
    added.add(other);
  }
  if (added.size === 0) return undefined;
  const config = encodeConfig(
    stored?.config,
    [...added].map(({ digest }) => digest),
  );
  const mediaType = before?.config.mediaType ?? OCI_CONFIG;
  const descriptor = { mediaType, digest: digestOf(config), size: config.length };
  const bytes = encodeImageManifest({
    mediaType: OCI_MANIFEST,
    namesMediaType: true,
    ...before,
    config: descriptor,
    layers,
  });
  return {
    added,
    config: { descriptor, bytes: config },
    manifest: { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) },
  };
}

function attachedBlob({ mediaType, payload, annotations }: SigstoreSignature): AttachedBlob {
  const descriptor = { mediaType, digest: digestOf(payload), size: payload.length, annotations };
  return { descriptor, bytes: payload };
}

function isSameLayer(one: Descriptor, other: Descriptor): boolean {
  return (
    one.mediaType === other.mediaType &&
    one.size === other.size &&
    one.digest === other.digest &&
    isSameRecord(one.annotations ?? {}, other.annotations ?? {})
  );
}

function isSameRecord(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && one[name] === other[name])
  );
}

/** An image config whose layers are the payloads; cosign writes more into it, which stays. */
function encodeConfig(before: Uint8Array | undefined, added: readonly Digest[]): Uint8Array {
  if (before === undefined) {
    const rootfs = { type: 'layers', diff_ids: added };
    return encodeJson({ architecture: '', os: '', config: {}, rootfs });
  }
  const { diffIDs } = parseImageConfig(before);
  const members = structOf(rawMembers(Buffer.from(before).toString()));
  const rootfs = structOf(rawMembers(members['rootfs']?.text ?? '{}'));
  return encodeJson({ ...members, rootfs: { ...rootfs, diff_ids: [...diffIDs, ...added] } });
}

/** Members in their order. */
function structOf(members: ReadonlyMap<string, RawJson>): Readonly<Record<string, RawJson>> {
  return Object.fromEntries(members);
}
