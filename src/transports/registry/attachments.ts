/** Sigstore signatures attached to the images of a repository, under a tag of their own. */
import { verified, type Digest } from '../../image/digest.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Signature } from '../../image/signature.ts';
import { OcipushError } from '../../errors.ts';
import { collect, single } from '../../io/bytes.ts';
import { measured } from '../../image/blob.ts';
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import type { RegistryClient } from '../../registry/client.ts';
import { readBlob } from '../../registry/download.ts';
import { getManifest, putManifest } from '../../registry/manifests.ts';
import { BlobUploader } from '../../registry/upload.ts';
import {
  attachmentTag,
  extendAttachments,
  parseAttachments,
  readAttachment,
  type AttachedBlob,
  type StoredAttachments,
} from '../../signing/sigstore/attachments.ts';

/** More than anybody's; an endless list would only fill memory. */
const MAX_SIGNATURES = 128;

/**
 * All that is attached to a manifest.
 * @throws OcipushError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, or of the registry
 */
export async function readAttachments(
  client: RegistryClient,
  digest: Digest,
): Promise<readonly Signature[]> {
  const manifest = await readAttachmentManifest(client, digest);
  if (manifest === undefined) return [];
  const { layers } = parseAttachments(manifest);
  if (layers.length > MAX_SIGNATURES) {
    throw new OcipushError(
      'LIMIT_EXCEEDED',
      `${attachmentTag(digest)} has more than ${MAX_SIGNATURES} signatures`,
      { hint: 'push without them: --remove-signatures' },
    );
  }
  const signatures: Signature[] = [];
  for (const layer of layers) {
    signatures.push(readAttachment(layer, await readSmallBlob(client, layer)));
  }
  return signatures;
}

/**
 * Adds signatures to those that are attached to a manifest; what is there already is left alone.
 * @throws OcipushError MANIFEST_INVALID for attachments that cannot be read, or of the registry
 */
export async function attachSignatures(
  client: RegistryClient,
  digest: Digest,
  signatures: readonly Signature[],
): Promise<void> {
  const extended = extendAttachments(await readStored(client, digest), signatures);
  if (extended === undefined) return;
  const uploader = new BlobUploader(client);
  for (const blob of [...extended.layers, extended.config]) await upload(uploader, blob);
  await putManifest(client, attachmentTag(digest), extended.manifest);
}

async function readStored(
  client: RegistryClient,
  digest: Digest,
): Promise<StoredAttachments | undefined> {
  const manifest = await readAttachmentManifest(client, digest);
  if (manifest === undefined) return undefined;
  const config = await readSmallBlob(client, parseAttachments(manifest).config);
  return { manifest, config };
}

/** Undefined where nothing is attached. */
async function readAttachmentManifest(
  client: RegistryClient,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  try {
    const tag = attachmentTag(digest);
    const { bytes, mediaType } = await getManifest(client, tag);
    parseAttachments(bytes, mediaType);
    return bytes;
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw error;
  }
}

async function readSmallBlob(client: RegistryClient, blob: Descriptor): Promise<Uint8Array> {
  return collect(verified(readBlob(client, blob), blob), MANIFEST_LIMIT, 'sigstore attachment');
}

async function upload(uploader: BlobUploader, { descriptor, bytes }: AttachedBlob): Promise<void> {
  const { mediaType, digest, size } = descriptor;
  const identity = { digest, size };
  const open = () => measured(single(bytes));
  await uploader.upload({ mediaType, candidates: [identity], identity, open });
}

/** As in the reference: registries say in several ways that there is no such manifest. */
function isUnknown(error: unknown): boolean {
  if (!(error instanceof OcipushError)) return false;
  const { status, registryCode } = error.context;
  return (
    status === 404 ||
    registryCode === 'MANIFEST_UNKNOWN' ||
    (registryCode === 'UNKNOWN' && /not found/i.test(error.message))
  );
}
