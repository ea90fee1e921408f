/** Stores signatures of an image at a registry, in the forms of cosign 2 and 3. */
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { OCI_INDEX } from '../../src/image/media-types.ts';
import type { Signature } from '../../src/image/signature.ts';
import { OcipushError } from '../../src/errors.ts';
import { collect, MIB, single } from '../../src/io/bytes.ts';
import { registryOptions } from '../support/registry-options.ts';
import { RegistryClient } from '../../src/registry/client.ts';
import { readBlob } from '../../src/registry/download.ts';
import { getManifest, putManifest } from '../../src/registry/manifests.ts';
import { BlobUploader } from '../../src/registry/upload.ts';
import {
  attachmentTag,
  extendAttachments,
  parseAttachments,
  type AttachedBlob,
  type StoredAttachments,
} from '../../src/signing/sigstore/attachments.ts';
import type { SignatureArtifact } from '../../src/signing/sigstore/bundle.ts';

/**
 * Attaches signatures as `sha256-….sig`.
 * @param name of the image, with or without its tag
 */
export async function attach(
  host: string,
  name: string,
  digest: Digest,
  signatures: readonly Signature[],
): Promise<void> {
  await using client = await openClient(host, name);
  const tag = attachmentTag(digest);
  const extended = extendAttachments(await readStored(client, tag), signatures);
  if (extended === undefined) return;
  await upload(client, [...extended.layers, extended.config]);
  await putManifest(client, tag, extended.manifest);
}

/** Stores an artifact, and lists it in the index of what refers to its subject. */
export async function storeArtifact(
  host: string,
  name: string,
  { blobs, manifest }: SignatureArtifact,
): Promise<void> {
  await using client = await openClient(host, name);
  await upload(client, blobs);
  await putManifest(client, manifest.digest, manifest);
  const { subject, artifactType } = parseImageManifest(manifest.bytes, manifest.mediaType);
  const { mediaType, digest } = manifest;
  const manifests = [{ mediaType, digest, size: manifest.bytes.length, artifactType }];
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  const tag = String(subject?.digest).replace(':', '-');
  await putManifest(client, tag, { bytes, mediaType: OCI_INDEX, digest: digestOf(bytes) });
}

async function upload(client: RegistryClient, blobs: readonly AttachedBlob[]): Promise<void> {
  const uploader = new BlobUploader(client);
  for (const { descriptor, bytes } of blobs) {
    const open = () => ({ stream: single(bytes), result: () => descriptor });
    await uploader.upload({ ...descriptor, candidates: [], identity: descriptor, open });
  }
}

function openClient(host: string, name: string): Promise<RegistryClient> {
  return RegistryClient.open(
    { registry: host, path: name.replace(/:.*/, '') },
    'pull,push',
    registryOptions({ tlsVerify: false }),
    new AbortController().signal,
  );
}

async function readStored(
  client: RegistryClient,
  tag: string,
): Promise<StoredAttachments | undefined> {
  try {
    const { bytes: manifest } = await getManifest(client, tag, MIB);
    const { config } = parseAttachments(manifest);
    return { manifest, config: await collect(readBlob(client, config), MIB, 'config') };
  } catch (error) {
    if (error instanceof OcipushError && error.context['status'] === 404) return undefined;
    throw error;
  }
}
