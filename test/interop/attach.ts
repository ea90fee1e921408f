/** Attaches signatures to an image at a registry, as `sha256-….sig`. */
import type { Digest } from '../../src/image/digest.ts';
import type { Signature } from '../../src/image/signature.ts';
import { OcipushError } from '../../src/errors.ts';
import { collect, MIB, single } from '../../src/io/bytes.ts';
import { systemClock } from '../../src/io/retry-clock.ts';
import { RegistryClient } from '../../src/registry/client.ts';
import { readBlob } from '../../src/registry/download.ts';
import { getManifest, putManifest } from '../../src/registry/manifests.ts';
import { BlobUploader } from '../../src/registry/upload.ts';
import {
  attachmentTag,
  extendAttachments,
  parseAttachments,
  type StoredAttachments,
} from '../../src/signing/sigstore/attachments.ts';

/** @param name of the image, with or without its tag */
export async function attach(
  host: string,
  name: string,
  digest: Digest,
  signatures: readonly Signature[],
): Promise<void> {
  await using client = await RegistryClient.open(
    { registry: host, path: name.replace(/:.*/, '') },
    'pull,push',
    {
      tlsVerify: false,
      certificatesFor: async () => ({ authorities: [], clients: [] }),
      credentialsFor: async () => undefined,
      userAgent: 'agent/1',
      clock: systemClock,
    },
    new AbortController().signal,
  );
  const tag = attachmentTag(digest);
  const extended = extendAttachments(await readStored(client, tag), signatures);
  if (extended === undefined) return;
  const uploader = new BlobUploader(client);
  for (const { descriptor, bytes } of [...extended.layers, extended.config]) {
    const open = () => ({ stream: single(bytes), result: () => descriptor });
    await uploader.upload({ ...descriptor, candidates: [], identity: descriptor, open });
  }
  await putManifest(client, tag, extended.manifest);
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
