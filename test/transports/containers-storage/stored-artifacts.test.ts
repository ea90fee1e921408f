/** Artifacts of lists, as podman keeps them. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import type { ByteRange } from '../../../src/io/bytes.ts';
import { parseContainersStorageReference } from '../../../src/transports/containers-storage/reference.ts';
import type { ImageSource } from '../../../src/transports/transport.ts';
import { bytesOf } from '../../support/streams.ts';
import { makeContext } from '../../support/transport-context.ts';
import { makeStorage, manifestOf } from './make-store.ts';

async function blob(source: ImageSource, digest: Digest, range?: ByteRange): Promise<string> {
  return String(await bytesOf(source.getBlob({ mediaType: '', digest, size: 0 }, range)));
}

function instanceOf(digest: Digest): Descriptor {
  return { mediaType: OCI_MANIFEST, digest, size: 1 };
}

/** As `podman manifest add --artifact` leaves it; `change` over what it writes. */
async function makeArtifact(change: object = {}) {
  const storage = await makeStorage();
  const content = Buffer.from('content');
  const empty = Buffer.from('{}');
  const layer = { mediaType: 'text/plain', digest: digestOf(content), size: content.length };
  const manifest = manifestOf(empty, [layer]);
  const digest = digestOf(manifest);
  await storage.write('elsewhere', content);
  const list = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [instanceOf(digest)] };
  const artifacts = {
    manifests: { [digest]: manifest.toString() },
    detached: { [layer.digest]: join(storage.root, 'elsewhere') },
    blobs: { [digestOf(empty)]: empty.toString('base64') },
    ...change,
  };
  await storage.image({
    names: ['localhost/list:1'],
    items: { manifest: JSON.stringify(list), 'artifacts.json': JSON.stringify(artifacts) },
  });
  const reference = parseContainersStorageReference(`[overlay@${storage.root}]localhost/list:1`);
  const source = await reference.openSource(makeContext());
  return { storage, source, manifest, digest, layer, config: digestOf(empty) };
}

test('has its manifest and blobs in itself, and in the files that were added', async () => {
  const { source: opened, manifest, digest, layer, config } = await makeArtifact();
  await using source = opened;
  const given = await source.getManifest(instanceOf(digest));
  expect(given).toEqual({ bytes: manifest, mediaType: OCI_MANIFEST, digest });
  expect(await blob(source, layer.digest)).toBe('content');
  expect(await blob(source, layer.digest, { start: 1, end: 3 })).toBe('on');
  expect(await blob(source, config)).toBe('{}');
  expect(await blob(source, config, { start: 0, end: 8 })).toBe('{}');
  expect(await source.getSignatures?.(given, instanceOf(digest))).toEqual([]);
});

test('whose file is gone says which blob that was', async () => {
  const { source: opened, storage, digest, layer } = await makeArtifact();
  await using source = opened;
  await source.getManifest(instanceOf(digest));
  await rm(join(storage.root, 'elsewhere'));
  await expect(blob(source, layer.digest)).rejects.toMatchObject({
    code: 'BLOB_UNKNOWN',
    message: expect.stringMatching(`^reading blob ${layer.digest}: .*elsewhere`) as string,
  });
});

test.each<[what: string, change: object]>([
  ['without its manifest', { manifests: {} }],
  ['with nothing', { manifests: null }],
])('%s has none', async (_, change) => {
  const { source: opened, digest } = await makeArtifact(change);
  await using source = opened;
  const reading = source.getManifest(instanceOf(digest));
  await expect(reading).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
});

test('must have the digest that the list says', async () => {
  const { digest } = await makeArtifact();
  const made = await makeArtifact({ manifests: { [digest]: '{}' } });
  await using source = made.source;
  const reading = source.getManifest(instanceOf(digest));
  await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test('names a blob that is nowhere', async () => {
  const {
    source: opened,
    digest,
    config,
  } = await makeArtifact({
    blobs: { [digestOf(Buffer.from('{}'))]: 1 },
  });
  await using source = opened;
  await source.getManifest(instanceOf(digest));
  await expect(blob(source, config)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
});
