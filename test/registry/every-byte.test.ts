/** A connection that breaks at any byte of an exchange, in either direction, is survived. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { RegistryClient } from '../../src/registry/client.ts';
import { headManifest, putManifest } from '../../src/registry/manifests.ts';
import { BlobUploader } from '../../src/registry/upload.ts';
import { startCuttingProxy, type CutPoint } from '../support/cutting-proxy.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';
import { blobOf, streamedBlob } from './blobs.ts';
import { openClient } from './open-client.ts';

/** A proxy before a registry that cuts the connections of a new client where it is told. */
async function setUp() {
  const registry = await startRegistry();
  onTestFinished(() => registry[Symbol.asyncDispose]());
  let coming: (CutPoint | undefined)[] = [];
  const proxy = await startCuttingProxy(registry.host, () => coming.shift());
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  /** The second is cut: the first tries HTTPS, which the registry does not speak. */
  const clientCutAt = async (at: CutPoint): Promise<RegistryClient> => {
    coming = [undefined, at];
    return (await openClient(proxy.host)).client;
  };
  return { registry, clientCutAt, cuts: () => proxy.cuts };
}

/** An exchange of several requests, another one for each number; whether its outcome is right. */
type Exchange = (client: RegistryClient, registry: Registry, number: string) => Promise<boolean>;

const EXCHANGES: readonly (readonly [what: string, exchange: Exchange])[] = [
  [
    'a blob that is known',
    async (client, registry, number) => {
      const blob = blobOf(`known ${number}`);
      const { digest } = await new BlobUploader(client).upload(blob);
      return digest === blob.digest && registry.repository('team/app').blobs.has(digest);
    },
  ],
  [
    'a blob that is produced on the way',
    async (client, registry, number) => {
      const blob = streamedBlob(`produced ${number}`);
      const { digest } = await new BlobUploader(client).upload(blob);
      return digest === blob.digest && registry.repository('team/app').blobs.has(digest);
    },
  ],
  [
    'a manifest',
    async (client, registry, number) => {
      const config = Buffer.from('{}');
      registry.repository('team/app').addBlob(config);
      const manifest = {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
        layers: [],
        annotations: { number },
      };
      const bytes = Buffer.from(JSON.stringify(manifest));
      const digest = digestOf(bytes);
      await putManifest(client, 'tag', { bytes, mediaType: OCI_MANIFEST, digest });
      const found = await headManifest(client, 'tag');
      const stored = registry.repository('team/app').manifest('tag');
      return found === digest && stored !== undefined && digestOf(stored.bytes) === digest;
    },
  ],
];

describe.each(EXCHANGES)('%s', (_, exchange) => {
  test.each(['fromClient', 'fromServer'] as const)('%s', { timeout: 300_000 }, async (side) => {
    const { registry, clientCutAt, cuts } = await setUp();
    const wrong: number[] = [];
    let bytes = 0;
    for (; cuts() === bytes; bytes += 1) {
      await using client = await clientCutAt({ [side]: bytes });
      const isRight = await exchange(client, registry, String(bytes).padStart(5, '0'));
      if (!isRight) wrong.push(bytes);
    }
    expect(wrong).toEqual([]);
    // All of it: the last time there was nothing left to cut.
    expect(bytes).toBeGreaterThan(300);
  });
});
