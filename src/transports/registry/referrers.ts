/** What refers to an image at a registry: how it is found, and how more is added to it. */
import { digestOf, type Digest } from '../../image/digest.ts';
import { manifestTypeOf } from '../../image/manifest-type.ts';
import { addReferrer, attachmentTags, referenceOf, referrersTag } from '../../image/referrers.ts';
import type { RegistryClient } from '../../registry/client.ts';
import { findManifest, putManifest } from '../../registry/manifests.ts';
import { listReferrers } from '../../registry/referrers.ts';
import type { RawManifest, Referrer } from '../transport.ts';

/** @throws OcipushError MANIFEST_INVALID, LIMIT_EXCEEDED, or of the registry */
export async function findReferrers(
  client: RegistryClient,
  digest: Digest,
): Promise<readonly Referrer[]> {
  const [listed, ...attached] = await Promise.all([
    listReferrers(client, digest),
    ...attachmentTags(digest).map((tag) => findAttachment(client, tag)),
  ]);
  const attachments = attached.filter((each) => each !== undefined);
  return [...listed.map((descriptor) => ({ descriptor })), ...attachments];
}

async function findAttachment(client: RegistryClient, tag: string): Promise<Referrer | undefined> {
  const found = await findManifest(client, tag);
  if (found === undefined) return undefined;
  const { bytes, mediaType = manifestTypeOf(bytes) } = found;
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, tag };
}

/** Writes what names its subject; where the registry does not list it for that, a tag has to. */
export async function storeReferrer(client: RegistryClient, manifest: RawManifest): Promise<void> {
  const { listsSubject } = await putManifest(client, manifest.digest, manifest);
  const { subject, entry } = referenceOf(manifest);
  if (listsSubject || subject === undefined) return;
  const tag = referrersTag(subject.digest);
  const before = await findManifest(client, tag);
  const list = addReferrer(before?.bytes, entry);
  if (list !== undefined) await putManifest(client, tag, list);
}
