/** Which artifacts that refer to an image are signatures of it, and that none is stored twice. */
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { referenceOf } from '../../src/image/referrers.ts';
import { single } from '../../src/io/bytes.ts';
import { bundleArtifact, bundleSignature } from '../../src/signing/sigstore/bundle-artifact.ts';
import { BundleStore } from '../../src/transports/bundles.ts';
import type { RawManifest } from '../../src/transports/transport.ts';
import { makeReferrer } from '../support/make-referrer.ts';
import { thrownBy } from '../support/thrown.ts';

const BYTES = Buffer.from('{"schemaVersion":2}');
const IMAGE: RawManifest = { bytes: BYTES, mediaType: OCI_MANIFEST, digest: digestOf(BYTES) };
const SUBJECT = { mediaType: OCI_MANIFEST, digest: IMAGE.digest, size: BYTES.length };

function openShelf() {
  const blobs = new Map<Digest, Uint8Array>();
  const manifests = new Map<Digest, RawManifest>();
  const listed: Descriptor[] = [];
  const stored: string[] = [];
  const putManifest = async (manifest: RawManifest): Promise<void> => {
    stored.push('manifest');
    manifests.set(manifest.digest, manifest);
    listed.push(referenceOf(manifest).entry);
  };
  const store = new BundleStore({
    list: async () => listed,
    findManifest: async ({ digest }) => manifests.get(digest),
    readBlob: ({ digest }) => single(blobs.get(digest) ?? Buffer.of()),
    putBlob: async ({ descriptor, bytes }) => {
      stored.push(descriptor.mediaType.endsWith('empty.v1+json') ? 'config' : 'bundle');
      blobs.set(descriptor.digest, bytes);
    },
    putManifest,
  });
  const add = async (text: string): Promise<void> => {
    const artifact = bundleArtifact(bundleSignature(Buffer.from(text), new Date(0)), SUBJECT);
    for (const { descriptor, bytes } of artifact.blobs) blobs.set(descriptor.digest, bytes);
    await putManifest(artifact.manifest);
  };
  return { store, blobs, manifests, listed, stored, putManifest, add };
}

describe('bundles', () => {
  test('are stored blobs first, and read as they were stored', async () => {
    const { store, stored } = openShelf();
    const made = bundleSignature(Buffer.from('{}'), new Date(0));
    await store.add([made], IMAGE);
    expect(stored).toEqual(['config', 'bundle', 'manifest']);
    expect(await store.read(IMAGE.digest)).toEqual([made]);
  });

  test('that were read, or stored, are not stored again', async () => {
    const { store, stored, add } = openShelf();
    await add('{}');
    const [read] = await store.read(IMAGE.digest);
    if (read === undefined) throw new Error('nothing was read');
    const made = bundleSignature(Buffer.from('{"new":1}'), new Date(0));
    for (const signatures of [[read], [read, made], [made]]) await store.add(signatures, IMAGE);
    expect(stored.filter((what) => what === 'bundle')).toHaveLength(1);
  });

  test('are told from what else refers to the image', async () => {
    const { store, blobs, manifests, listed, putManifest, add } = openShelf();
    await putManifest(makeReferrer('application/spdx+json', IMAGE.digest));
    const { annotations, ...attested } = bundleSignature(Buffer.from('{"a":1}'), new Date(0));
    const artifact = bundleArtifact({ ...attested, annotations: {} }, SUBJECT);
    for (const { descriptor, bytes } of artifact.blobs) blobs.set(descriptor.digest, bytes);
    await putManifest(artifact.manifest);
    await add('{"gone":1}');
    manifests.delete(listed.at(-1)?.digest ?? IMAGE.digest);
    await add('{"kept":1}');
    const [kept] = listed.splice(-1);
    if (kept === undefined) throw new Error('nothing is listed');
    const { artifactType: _, ...untyped } = kept;
    // A list is none; cosign 2 says nothing but the type of the config.
    listed.push({ ...untyped, mediaType: OCI_INDEX });
    listed.push({ ...untyped, artifactType: 'application/vnd.oci.empty.v1+json' });
    const found = await store.read(IMAGE.digest);
    expect(found).toMatchObject([{ payload: Buffer.from('{"kept":1}'), annotations }]);
  });

  test('are not taken for what they were when they were signed', async () => {
    const { store, blobs, add } = openShelf();
    await add('{}');
    const [digest] = [...blobs.keys()].slice(-1);
    blobs.set(digest ?? IMAGE.digest, Buffer.from('[]'));
    expect(await thrownBy(store.read(IMAGE.digest))).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('are not read without end', async () => {
    const { store, listed, add } = openShelf();
    await add('{}');
    const [one] = listed;
    if (one === undefined) throw new Error('nothing is listed');
    listed.push(...Array.from({ length: 128 }, () => one));
    expect(await thrownBy(store.read(IMAGE.digest))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
