/** Stores signatures of an image at a registry, in the forms of cosign 2 and 3. */
import type { Digest } from '../../src/image/digest.ts';
import type { Signature } from '../../src/image/signature.ts';
import { single } from '../../src/io/bytes.ts';
import { RegistryClient } from '../../src/registry/client.ts';
import { BlobUploader } from '../../src/registry/upload.ts';
import type { AttachedBlob } from '../../src/signing/sigstore/attachments.ts';
import type { SignatureArtifact } from '../../src/signing/sigstore/bundle.ts';
import { attachSignatures } from '../../src/transports/registry/attachments.ts';
import { storeReferrer } from '../../src/transports/registry/referrers.ts';
import { registryOptions } from '../support/registry-options.ts';

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
  await attachSignatures(client, digest, signatures);
}

/** Stores an artifact, and lists it in the index of what refers to its subject. */
export async function storeArtifact(
  host: string,
  name: string,
  { blobs, manifest }: SignatureArtifact,
): Promise<void> {
  await using client = await openClient(host, name);
  await upload(client, blobs);
  await storeReferrer(client, manifest);
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
