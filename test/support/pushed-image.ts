/** Reads back what a push left in a repository of the in-process registry. */
import { gunzipSync } from 'node:zlib';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import type { Repository } from './registry/repository.ts';

/** An image as it is at the registry. */
export interface PushedImage {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifest: Uint8Array;
  readonly config: Uint8Array;
  readonly layerTypes: readonly string[];
  /** Digests of the plain bytes, as they really are. */
  readonly diffIDs: readonly Digest[];
}

/** @throws when the manifest or anything it refers to is not there */
export function pushedImage(repository: Repository, reference: string): PushedImage {
  const stored = repository.manifest(reference);
  if (stored === undefined) throw new Error(`no manifest ${reference}`);
  const { config, layers } = JSON.parse(Buffer.from(stored.bytes).toString()) as {
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
  };
  return {
    digest: digestOf(stored.bytes),
    mediaType: stored.mediaType,
    manifest: stored.bytes,
    config: blobBytes(repository, config),
    layerTypes: layers.map(({ mediaType }) => mediaType),
    diffIDs: layers.map((layer) => digestOf(plain(blobBytes(repository, layer)))),
  };
}

function blobBytes(repository: Repository, { digest, size }: Descriptor): Uint8Array {
  const bytes = repository.blobs.get(digest)?.bytes;
  if (bytes === undefined) throw new Error(`no blob ${digest}`);
  if (bytes.length !== size || digestOf(bytes) !== digest) throw new Error(`wrong blob ${digest}`);
  return bytes;
}

function plain(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
}
