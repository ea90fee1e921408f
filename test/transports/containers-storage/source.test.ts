import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import { parseImageManifest } from '../../../src/image/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import type { Signature } from '../../../src/image/signature.ts';
import { collect, type ByteRange } from '../../../src/io/bytes.ts';
import {
  parseContainersStorageReference,
  storageNameReference,
} from '../../../src/transports/containers-storage/reference.ts';
import type { ImageSource } from '../../../src/transports/transport.ts';
import { makeContext } from '../../support/transport-context.ts';
import { makeStorage, manifestOf, type Storage } from './make-store.ts';
import { writeOciIndex, writeOciLayout } from '../../support/make-image.ts';
import { openFiles, temporaryDirectory } from '../../support/scratch.ts';

const HEADER = Buffer.alloc(512, 'h');
const FILE = { name: 'file', content: 'content' };

function open({ root, conf }: Storage, name: string, options = ''): Promise<ImageSource> {
  const reference = parseContainersStorageReference(`[${conf.driver}@${root}${options}]${name}`);
  return reference.openSource(makeContext());
}

async function blob(source: ImageSource, digest: Digest, range?: ByteRange): Promise<string> {
  const descriptor = { mediaType: '', digest, size: 0 };
  return Buffer.from(await collect(source.getBlob(descriptor, range), 10_000, 'blob')).toString();
}

function instanceOf(digest: Digest): Descriptor {
  return { mediaType: OCI_MANIFEST, digest, size: 1 };
}

describe.each(['overlay', 'vfs'] as const)('an image kept by %s', (driver) => {
  test('is delivered with its manifest, its config and its layers', async () => {
    const storage = await makeStorage(driver);
    const base = await storage.layer({ parts: [HEADER, FILE, HEADER] });
    const empty = await storage.layer({ parts: [] }, base);
    const top = await storage.layer({ parts: [HEADER, { name: 'x/../y', content: 'y' }] }, empty);
    const layers = [base, empty, top];
    const { manifest, digest, config } = await storage.image({ names: ['localhost/a:1'], layers });
    await using source = await open(storage, 'localhost/a:1');
    expect(await source.getManifest()).toEqual({
      bytes: manifest,
      digest,
      mediaType: OCI_MANIFEST,
    });
    expect(source.resolvedName).toEqual({ domain: 'localhost', path: 'a', tag: '1' });
    expect(source.policyIdentity).toBeUndefined();
    expect(await blob(source, digestOf(config))).toBe(config.toString());
    for (const { diffID, tar } of layers) expect(await blob(source, diffID)).toBe(tar.toString());
    expect(await blob(source, base.diffID, { start: 510, end: 515 })).toBe('hhcon');
    expect(await blob(source, digestOf(config), { start: 1, end: 3 })).toBe('"a');
  });

  test('is found by name when the storage is configured', async () => {
    const storage = await makeStorage(driver);
    const { digest, id } = await storage.image({ names: ['localhost/a:latest'] });
    await storage.write('s.conf', `[storage]\ngraphroot = "${storage.root}"\n`);
    await storage.write('r.conf', '');
    const environment = {
      HOME: storage.root,
      CONTAINERS_STORAGE_CONF: join(storage.root, 's.conf'),
      CONTAINERS_REGISTRIES_CONF: join(storage.root, 'r.conf'),
    };
    const context = { ...makeContext(), environment };
    for (const name of ['a', 'localhost/a', id.slice(0, 5)]) {
      await using source = await storageNameReference(name).openSource(context);
      expect((await source.getManifest()).digest).toBe(digest);
    }
  });
});

/** The storage has the layers uncompressed, and not as they were signed. */
const NOT_AS_SIGNED = { code: 'UNSUPPORTED', origin: 'source' };

describe('a manifest that lists compressed layers', () => {
  test('is delivered with plain ones, whatever their size was said to be', async () => {
    const storage = await makeStorage();
    const base = await storage.layer({ parts: [HEADER, FILE], record: { 'diff-size': -1 } });
    const toc = { 'diff-digest': undefined, flags: { 'expected-layer-diffid': '' } };
    const { diffID } = await storage.layer({ parts: [HEADER] });
    const flags = { 'expected-layer-diffid': diffID };
    const top = await storage.layer({ parts: [HEADER], record: { ...toc, flags } }, base);
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
    const packed = [1, 2].map((size) => ({
      mediaType,
      size,
      digest: digestOf(Buffer.from([size])),
    }));
    const manifest = manifestOf(Buffer.from('{}'), packed);
    await storage.image({ names: ['localhost/a:1'], layers: [base, top], items: { manifest } });
    await using source = await open(storage, 'localhost/a:1');
    const { bytes } = await source.getManifest();
    expect(parseImageManifest(bytes, OCI_MANIFEST).layers).toMatchObject([
      { digest: base.diffID, size: 519 },
      { digest: diffID, size: 512 },
    ]);
  });
});

describe('manifests of one image', () => {
  test('are told apart by their digest, but not from the list it came through', async () => {
    const storage = await makeStorage();
    const config = Buffer.from('{}');
    const layer = await storage.layer({ parts: [HEADER] });
    const listed = { digest: layer.diffID, size: 512 };
    const other = manifestOf(config, [{ ...listed, annotations: { other: '1' } }]);
    const list = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }),
    );
    const items = {
      [`manifest-${digestOf(other)}`]: other,
      [`manifest-${digestOf(list)}`]: list,
    };
    const made = await storage.image({ names: ['localhost/a:1'], layers: [layer], items });
    for (const [wanted, found] of [
      [digestOf(other), digestOf(other)],
      [digestOf(list), made.digest],
      [made.digest, made.digest],
    ] as const) {
      await using source = await open(storage, `localhost/a@${wanted}`);
      expect((await source.getManifest()).digest).toBe(found);
    }
  });

  test('must have the digest that they are stored under', async () => {
    const storage = await makeStorage();
    const wanted = digestOf(Buffer.from('wanted'));
    const { manifest } = await storage.image({});
    const record = { 'big-data-digests': { [`manifest-${wanted}`]: wanted } };
    await storage.image({
      names: ['localhost/b:1'],
      items: { [`manifest-${wanted}`]: manifest },
      record,
    });
    await expect(open(storage, `localhost/b@${wanted}`)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });
});

describe('a list', () => {
  /** A list of one stored image and one that is not there; packed: its manifest lists gzip layers. */
  async function makeList() {
    const storage = await makeStorage();
    const layer = await storage.layer({ parts: [HEADER, FILE] });
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
    const stored = manifestOf(Buffer.from('{}'), [
      { mediaType, digest: digestOf(HEADER), size: 9 },
    ]);
    const digest = digestOf(stored);
    const record = { metadata: JSON.stringify({ 'signatures-sizes': { [digest]: [7] } }) };
    const items = { manifest: stored, [`manifest-${digest}`]: stored };
    await storage.image({ layers: [layer], items, record });
    const missing = digestOf(Buffer.from('missing'));
    const manifests = [digest, missing].map(instanceOf);
    const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
    await storage.image({
      names: ['localhost/list:1'],
      items: { manifest: list, 'instances.json': '{}' },
    });
    return { storage, list, layer, digest, missing };
  }

  test('is given as it is stored, its instances as images are', async () => {
    const { storage, list, layer, digest } = await makeList();
    await using source = await open(storage, 'localhost/list:1');
    expect((await source.getManifest()).bytes).toEqual(list);
    const instance = await source.getManifest(instanceOf(digest));
    const { layers } = parseImageManifest(instance.bytes, OCI_MANIFEST);
    expect(layers).toMatchObject([{ digest: layer.diffID, size: 519 }]);
    expect(await blob(source, layer.diffID)).toBe(layer.tar.toString());
    expect(await source.getSignatures?.(await source.getManifest())).toEqual([]);
    await expect(source.getSignatures?.(instance, instanceOf(digest))).rejects.toMatchObject(
      NOT_AS_SIGNED,
    );
  });

  test('names an instance that is not in the storage', async () => {
    const { storage, missing } = await makeList();
    await using source = await open(storage, 'localhost/list:1');
    await expect(source.getManifest(instanceOf(missing))).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
      message: expect.stringContaining(missing) as string,
    });
  });

  describe('of images elsewhere', () => {
    /** `place` is told the path of a layout with the image, and of one with a list of it. */
    async function makeDistant(place: (layout: string, lists: string) => string) {
      const storage = await makeStorage();
      const directory = await temporaryDirectory();
      const [layout, lists] = [join(directory, 'layout'), join(directory, 'lists')];
      const { images } = await writeOciIndex(lists, { images: [{ layers: [HEADER] }] });
      const image = await writeOciLayout(layout, { layers: [HEADER] });
      const { digest } = image.manifest.descriptor;
      expect(images[0]?.manifest.descriptor.digest).toBe(digest);
      const manifests = [image.manifest.descriptor];
      const list = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
      const places = JSON.stringify({ '': '0'.repeat(64), [digest]: place(layout, lists) });
      await storage.image({
        names: ['localhost/list:1'],
        items: { manifest: list, 'instances.json': places },
      });
      const source = await open(storage, 'localhost/list:1');
      return { source, image, directory };
    }

    test.each<[string, (layout: string, lists: string) => string]>([
      ['an image', (layout) => `oci:${layout}`],
      ['in a list', (_, lists) => `oci:${lists}`],
    ])('reads what was added as %s', async (_, place) => {
      const { source, image, directory } = await makeDistant(place);
      const { descriptor, bytes } = image.manifest;
      const manifest = await source.getManifest(descriptor);
      expect(manifest.bytes).toEqual(Buffer.from(bytes));
      for (const each of [image.config, ...image.layers]) {
        const read = await collect(source.getBlob(each.descriptor), 10_000, 'blob');
        expect(Buffer.compare(read, each.bytes)).toBe(0);
      }
      expect(await source.getSignatures?.(manifest, descriptor)).toEqual([]);
      await source[Symbol.asyncDispose]();
      expect(await openFiles(directory)).toEqual([]);
    });

    test.each<[string, string, (layout: string) => string]>([
      ['in this storage, where it is not', 'BLOB_UNKNOWN', () => 'containers-storage:localhost/x'],
      ['nowhere', 'SOURCE_NOT_FOUND', (layout) => `oci:${layout}-gone`],
      ['at a place that is none', 'REFERENCE_INVALID', () => 'oci:'],
    ])('says so when it was %s', async (_, code, place) => {
      const made = await makeDistant(place);
      await using source = made.source;
      const reading = source.getManifest(made.image.manifest.descriptor);
      await expect(reading).rejects.toMatchObject({ code });
    });

    test('refuses another image in its place', async () => {
      const other = await temporaryDirectory();
      await writeOciLayout(join(other, 'layout'), { layers: [] });
      const made = await makeDistant(() => `oci:${other}/layout`);
      await using source = made.source;
      const reading = source.getManifest(made.image.manifest.descriptor);
      await expect(reading).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    });
  });
});

describe('signatures', () => {
  async function reading(metadata: string): Promise<readonly Signature[] | undefined> {
    const storage = await makeStorage();
    await storage.image({ names: ['localhost/a:1'], record: { metadata } });
    await using source = await open(storage, 'localhost/a:1');
    return source.getSignatures?.(await source.getManifest());
  }

  test.each(['', '{}', '{"signature-sizes":[]}', '{"signature-sizes":null}'])(
    'are none with the metadata %j',
    async (metadata) => {
      expect(await reading(metadata)).toEqual([]);
    },
  );

  test('do not sign what is delivered', async () => {
    const metadata = '{"signature-sizes":[7,74]}';
    await expect(reading(metadata)).rejects.toMatchObject(NOT_AS_SIGNED);
  });
});

describe('several stores', () => {
  test.each([
    ['the tar-split files', ['tar-split.gz']],
    ['the tar-split files and the list of layers', ['tar-split.gz', 'layers.json']], // podman 5.4
  ])('an image store has the files of layers, the graph root %s', async (_, moved) => {
    const storage = await makeStorage();
    const graphRoot = await temporaryDirectory();
    const layer = await storage.layer({ parts: [HEADER, FILE] });
    await storage.image({ names: ['localhost/a:1'], layers: [layer] });
    await mkdir(join(graphRoot, 'overlay-layers'));
    for (const kind of moved) {
      const name = `overlay-layers/${kind === 'layers.json' ? kind : `${layer.id}.${kind}`}`;
      await rename(join(storage.root, name), join(graphRoot, name));
    }
    const conf = `[storage]\ngraphroot="${graphRoot}"\nimagestore="${storage.root}"\n`;
    await storage.write('s.conf', conf);
    await writeFile(join(graphRoot, 'storage.lock'), '');
    const environment = {
      HOME: storage.root,
      CONTAINERS_STORAGE_CONF: join(storage.root, 's.conf'),
    };
    const reference = parseContainersStorageReference('localhost/a:1');
    await using source = await reference.openSource({ ...makeContext(), environment });
    expect(await blob(source, layer.diffID)).toBe(layer.tar.toString());
  });

  test('an additional one has images and layers of its own', async () => {
    const [storage, other] = [await makeStorage(), await makeStorage()];
    const layer = await other.layer({ parts: [HEADER, FILE] });
    await other.image({ names: ['localhost/a:1'], layers: [layer] });
    await using source = await open(storage, 'localhost/a:1', `:overlay.imagestore=${other.root}`);
    expect(await blob(source, layer.diffID)).toBe(layer.tar.toString());
  });
});

describe('what cannot be read is named', () => {
  const name = 'localhost/a:1';

  test.each([
    [{ flags: { incomplete: true } }, 'BLOB_UNKNOWN', 'incomplete'],
    [{ 'diff-digest': undefined }, 'UNSUPPORTED', 'diff digest'], // a container's
    [{ parent: 'gone' }, 'BLOB_UNKNOWN', 'layer gone'],
    [{ id: 'loop', parent: 'loop' }, 'BLOB_UNKNOWN', 'layer loop'],
  ])('a layer with %j', async (record, code, text) => {
    const storage = await makeStorage();
    const layer = await storage.layer({ parts: [HEADER], record });
    const top = { ...layer, ...record };
    await storage.image({ names: [name], layers: [top] });
    await expect(open(storage, name)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text) as string,
      origin: 'source',
    });
  });

  test('a layer kept as composefs, without its tar-split file, or without its files', async () => {
    for (const [damage, code] of [
      ['composefs', 'UNSUPPORTED'],
      ['tar-split', 'UNSUPPORTED'],
      ['files', 'BLOB_UNKNOWN'],
    ] as const) {
      const storage = await makeStorage();
      const layer = await storage.layer({ parts: [HEADER], tarSplit: damage !== 'tar-split' });
      await storage.image({ names: [name], layers: [layer] });
      if (damage === 'composefs') await storage.write(`overlay/${layer.id}/composefs-data/x`, '');
      if (damage === 'files') await rm(storage.files(layer), { recursive: true });
      await expect(open(storage, name)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(layer.id) as string,
        hint: expect.stringMatching(/./) as string,
      });
    }
  });

  test('a file that went away while the image was read', async () => {
    const storage = await makeStorage();
    const layer = await storage.layer({ parts: [HEADER, FILE] });
    await storage.image({ names: [name], layers: [layer] });
    await using source = await open(storage, name);
    await rm(join(storage.files(layer), 'file'));
    await expect(blob(source, layer.diffID)).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
      message: expect.stringMatching(/sha256:.*"file"/) as string,
    });
  });

  test('a blob that the image does not have', async () => {
    const storage = await makeStorage();
    await storage.image({ names: [name] });
    await using source = await open(storage, name);
    await expect(blob(source, digestOf(HEADER))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  test('an image without its manifest, or with one of schema 1', async () => {
    const storage = await makeStorage();
    await storage.image({ names: [name], items: { manifest: undefined } });
    await expect(open(storage, name)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    const items = { manifest: '{"schemaVersion":1}' };
    const layer = await storage.layer({ parts: [HEADER] });
    await storage.image({ names: ['localhost/b:1'], layers: [layer], items });
    await expect(open(storage, 'localhost/b:1')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  test('a driver that is not ours, a list of images that is none, a storage that is not there', async () => {
    const storage = await makeStorage();
    const reference = parseContainersStorageReference(`[btrfs@${storage.root}]localhost/a:1`);
    await expect(reference.openSource(makeContext())).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
    for (const content of ['{}', '[{"id":"../.."}]', '[{"id":""}]', '[', '[1]']) {
      await storage.write('overlay-images/images.json', content);
      await expect(open(storage, name)).rejects.toMatchObject({ code: 'JSON_INVALID' });
    }
    await rm(storage.root, { recursive: true });
    await expect(open(storage, name)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});
