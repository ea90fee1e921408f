/** What is attached to the images of a repository, under tags of its own: sigstore signatures before all. */
import { verified, type Digest } from '../../image/digest.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Signature } from '../../image/signature.ts';
import { OcipushError } from '../../errors.ts';
import { collect, single } from '../../io/bytes.ts';
import { measured } from '../../image/blob.ts';
import { parseImageManifest } from '../../image/manifest.ts';
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import type { RegistryClient } from '../../registry/client.ts';
import { readBlob } from '../../registry/download.ts';
import { getManifest, putManifest } from '../../registry/manifests.ts';
import { BlobUploader } from '../../registry/upload.ts';
import {
  attachmentTag,
  extendAttachments,
  extendLayers,
  parseAttachments,
  readAttachment,
  type AttachedBlob,
  type ExtendedAttachments,
  type StoredAttachments,
} from '../../signing/sigstore/attachments.ts';
import type { RawManifest } from '../transport.ts';

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
  const tag = attachmentTag(digest);
  const manifest = await readAttachmentManifest(client, tag);
  if (manifest === undefined) return [];
  const { layers } = parseAttachments(manifest);
  if (layers.length > MAX_SIGNATURES) {
    throw new OcipushError('LIMIT_EXCEEDED', `${tag} has more than ${MAX_SIGNATURES} signatures`, {
      hint: 'push without them: --remove-signatures',
    });
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
  const tag = attachmentTag(digest);
  const extended = extendAttachments(await readStored(client, tag), signatures);
  if (extended) await storeExtended(client, tag, extended);
}

/**
 * Writes attachments that were copied, and whose blobs are there, under their tag; what others have
 * there already stays beside them.
 * @throws OcipushError as {@link attachSignatures}
 */
export async function storeAttachment(
  client: RegistryClient,
  manifest: RawManifest,
  tag: string,
): Promise<void> {
  const stored = await readStored(client, tag);
  if (stored === undefined) {
    await putManifest(client, tag, manifest);
    return;
  }
  const { layers } = parseImageManifest(manifest.bytes, manifest.mediaType);
  const extended = extendLayers(stored, layers);
  if (extended) await storeExtended(client, tag, { ...extended, layers: [] });
}

/** Uploads bytes that are in memory. @throws OcipushError of the registry */
export async function uploadBytes(
  client: RegistryClient,
  { descriptor, bytes }: AttachedBlob,
): Promise<void> {
  const { mediaType, digest, size } = descriptor;
  const identity = { digest, size };
  const open = () => measured(single(bytes));
  await new BlobUploader(client).upload({ mediaType, candidates: [identity], identity, open });
}

async function storeExtended(
  client: RegistryClient,
  tag: string,
  { layers, config, manifest }: ExtendedAttachments,
): Promise<void> {
  for (const blob of [...layers, config]) await uploadBytes(client, blob);
  await putManifest(client, tag, manifest);
}

async function readStored(
  client: RegistryClient,
  tag: string,
): Promise<StoredAttachments | undefined> {
  const manifest = await readAttachmentManifest(client, tag);
  if (manifest === undefined) return undefined;
  const config = await readSmallBlob(client, parseAttachments(manifest).config);
  return { manifest, config };
}

/** Undefined where nothing is attached. */
async function readAttachmentManifest(
  client: RegistryClient,
  tag: string,
): Promise<Uint8Array | undefined> {
  try {
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
