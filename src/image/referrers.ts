/** What refers to an image, such as its signatures and SBOMs: under which tags, and of what kind. */
import { messageOf, OcipushError } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import { digestAlgorithm, digestHex, digestOf, type Digest } from './digest.ts';
import { withoutUndefined } from './json-field.ts';
import { encodeList, parseList } from './list.ts';
import { parseImageManifest } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';

/** A manifest that refers to another one in its `subject`, or by a tag that is made of its digest. */
export interface ReferringManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

/** What cosign attaches to an image: signatures, attestations, SBOMs. */
const ATTACHMENTS = ['sig', 'att', 'sbom'];

/** The types of artifacts that are signatures: of notation, and of cosign before its bundles. */
const SIGNATURE_TYPES: readonly unknown[] = [
  'application/vnd.cncf.notary.signature',
  'application/vnd.dev.cosign.artifact.sig.v1+json',
];

/** Attestations are bundles, too: what is in one, an annotation says. */
const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle';
export const PREDICATE_ANNOTATION = 'dev.sigstore.bundle.predicateType';
export const CONTENT_ANNOTATION = 'dev.sigstore.bundle.content';
/** What the statement in a bundle says of an image: that it is signed. */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** The tag of the list of what refers to a manifest (OCI distribution-spec, referrers tag schema). */
export function referrersTag(digest: Digest): string {
  return `${digestAlgorithm(digest).slice(0, 32)}-${digestHex(digest).slice(0, 64)}`;
}

/** The tags of what cosign attaches to a manifest (cosign specs/SIGNATURE_SPEC.md). */
export function attachmentTags(digest: Digest): readonly string[] {
  return ATTACHMENTS.map((kind) => `${referrersTag(digest)}.${kind}`);
}

/** What a manifest refers to, and the descriptor by which it is listed (OCI distribution-spec). */
export interface Reference {
  readonly subject: Descriptor | undefined;
  readonly entry: Descriptor;
}

/** @throws OcipushError MANIFEST_INVALID, also for lists */
export function referenceOf({ bytes, mediaType, digest }: ReferringManifest): Reference {
  const { subject, artifactType, config, annotations } = parseImageManifest(bytes, mediaType);
  const entry = withoutUndefined<Descriptor>({
    mediaType,
    digest,
    size: bytes.length,
    annotations,
    artifactType: artifactType || config.mediaType,
  });
  return { subject, entry };
}

/** Whether an artifact says that it is a signature. */
export function isSignatureArtifact({ artifactType = '', annotations = {} }: Descriptor): boolean {
  if (SIGNATURE_TYPES.includes(artifactType)) return true;
  const predicate = annotations[PREDICATE_ANNOTATION];
  const content = annotations[CONTENT_ANNOTATION];
  return (
    artifactType.startsWith(BUNDLE_TYPE) &&
    (predicate === SIGN_PREDICATE || content === 'message-signature')
  );
}

/** Whether a tag is that of signatures which cosign attached. */
export function isSignatureTag(tag: string): boolean {
  return tag.endsWith('.sig');
}

/**
 * The list of what refers to a manifest, with one entry more; undefined when it has that already.
 * @throws OcipushError MANIFEST_INVALID when `list` is none
 */
export function addReferrer(
  list: Uint8Array | undefined,
  entry: Descriptor,
): ReferringManifest | undefined {
  const before = list === undefined ? { instances: [] } : parseReferrers(list);
  if (before.instances.some(({ digest }) => digest === entry.digest)) return undefined;
  const instances = [...before.instances, entry];
  const bytes = encodeList({ ...before, mediaType: OCI_INDEX, instances });
  return { bytes, mediaType: OCI_INDEX, digest: digestOf(bytes) };
}

/** @throws OcipushError MANIFEST_INVALID */
export function parseReferrers(list: Uint8Array): { readonly instances: readonly Descriptor[] } {
  try {
    return parseList(list, OCI_INDEX);
  } catch (error) {
    const message = `reading the list of referrers: ${messageOf(error)}`;
    throw new OcipushError('MANIFEST_INVALID', message, { cause: error });
  }
}
