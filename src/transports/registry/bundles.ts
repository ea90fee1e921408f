/** Signatures in bundles at a registry, which lists them itself or in a list under a tag. */
import type { Descriptor } from '../../image/descriptor.ts';
import { digestAlgorithm, digestMismatch, type Digest } from '../../image/digest.ts';
import { manifestDigest } from '../../image/manifest-type.ts';
import type { RegistryClient } from '../../registry/client.ts';
import { readBlob } from '../../registry/download.ts';
import { findManifest } from '../../registry/manifests.ts';
import { askReferrers, listInTag } from '../../registry/referrers.ts';
import { BundleStore } from '../bundles.ts';
import type { RawManifest } from '../transport.ts';
import { uploadBytes } from './attachments.ts';
import { storeReferrer } from './referrers.ts';

export interface RegistryBundles {
  readonly store: BundleStore;
  /** Whether the registry lists what refers to an image, as far as it has been asked. */
  readonly isListing: boolean;
}

export function registryBundles(client: RegistryClient): RegistryBundles {
  let isListing = true;
  const store = new BundleStore({
    list: async (subject) => {
      const listed = await askReferrers(client, subject);
      isListing = listed !== undefined;
      return listed ?? listInTag(client, subject);
    },
    findManifest: (entry) => findListed(client, entry),
    readBlob: (blob) => readBlob(client, blob),
    putBlob: (blob) => uploadBytes(client, blob),
    putManifest: (manifest) => storeReferrer(client, manifest),
  });
  return {
    store,
    get isListing() {
      return isListing;
    },
  };
}

async function findListed(
  client: RegistryClient,
  { digest, mediaType }: Descriptor,
): Promise<RawManifest | undefined> {
  const found = await findManifest(client, digest);
  return found && { bytes: checked(found.bytes, digest), mediaType, digest };
}

function checked(bytes: Uint8Array, expected: Digest): Uint8Array {
  const digest = manifestDigest(bytes, digestAlgorithm(expected));
  if (digest !== expected) throw digestMismatch(expected, digest);
  return bytes;
}
