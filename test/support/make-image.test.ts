/** The images for tests are what their descriptors say, in every container. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestHex, digestOf } from '../../src/image/digest.ts';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import {
  makeImage,
  makeLayer,
  noise,
  writeDir,
  writeDockerArchive,
  writeOciArchive,
  writeOciIndex,
  writeOciLayout,
} from './make-image.ts';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'make-image-'));
});

afterEach(async () => rm(dir, { recursive: true }));

async function membersOf(tar: Uint8Array): Promise<Map<string, Buffer>> {
  const reader = extract();
  reader.end(tar);
  const members = new Map<string, Buffer>();
  for await (const entry of reader) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
    members.set(entry.header.name, Buffer.concat(chunks));
  }
  return members;
}

async function indexEntries(): Promise<readonly unknown[]> {
  const text = await readFile(join(dir, 'index.json'), 'utf8');
  return (JSON.parse(text) as { manifests: unknown[] }).manifests;
}

describe('makeLayer', () => {
  test('packs members in order, always the same', async () => {
    const files = { 'etc/': '', 'etc/z': 'last', 'etc/a': noise(100), ['n'.repeat(120)]: '' };
    const tar = await makeLayer(files);
    expect([...(await membersOf(tar))].map(([name]) => name)).toEqual(Object.keys(files));
    expect(await makeLayer(files)).toEqual(tar);
    expect(digestOf(await makeLayer({ hello: 'world' }))).toBe(
      'sha256:b4b269631758d40de3b8c91e1c382eafac4ad76fc4d3308adc545a7d5891a5a6',
    );
  });

  test('noise depends on the seed alone', () => {
    expect(noise(1000)).toEqual(noise(2000).subarray(0, 1000));
    expect(noise(1000, 'other')).not.toEqual(noise(1000));
  });
});

describe('makeImage', () => {
  test('describes what it holds', async () => {
    const tar = await makeLayer({ hello: 'world' });
    const image = makeImage({ layers: [tar], compression: 'gzip', config: { author: 'me' } });
    const [layer] = image.layers;
    expect(layer?.diffID).toBe(digestOf(tar));
    expect(Buffer.compare(gunzipSync(layer?.bytes ?? ''), tar)).toBe(0);
    for (const { bytes, descriptor } of [image.manifest, image.config, ...image.layers]) {
      expect(descriptor).toMatchObject({ digest: digestOf(bytes), size: bytes.length });
    }
    expect(JSON.parse(Buffer.from(image.config.bytes).toString())).toMatchObject({
      author: 'me',
      os: 'linux',
      rootfs: { diff_ids: [digestOf(tar)] },
    });
  });
});

describe('containers', () => {
  test('a layout takes one image after the other', async () => {
    const layers = [await makeLayer({ hello: 'world' })];
    const first = await writeOciLayout(dir, { layers, tag: 'a' });
    const second = await writeOciLayout(dir, { layers, compression: 'gzip' });
    expect(await indexEntries()).toEqual([
      {
        ...first.manifest.descriptor,
        annotations: { 'org.opencontainers.image.ref.name': 'a' },
      },
      second.manifest.descriptor,
    ]);
    expect(await readdir(join(dir, 'blobs/sha256'))).toHaveLength(5); // the config is the same
  });

  test('a layout can hold a list', async () => {
    const platform = { architecture: 'arm64', os: 'linux', variant: 'v8' };
    const { index, images } = await writeOciIndex(dir, {
      images: [{ layers: [] }, { layers: [], platform }],
    });
    expect(index.descriptor.mediaType).toBe(OCI_INDEX);
    expect(JSON.parse(Buffer.from(index.bytes).toString())).toMatchObject({
      manifests: [
        { ...images[0]?.manifest.descriptor, platform: { architecture: 'amd64', os: 'linux' } },
        { ...images[1]?.manifest.descriptor, platform },
      ],
    });
    expect(await indexEntries()).toEqual([index.descriptor]);
  });

  test('an archive is a layout in a tar file', async () => {
    const path = join(dir, 'image.tar');
    const { manifest } = await writeOciArchive(path, { layers: [], tag: 'a' });
    const members = await membersOf(await readFile(path));
    const name = `blobs/sha256/${digestHex(manifest.descriptor.digest)}`;
    expect(members.get(name)).toEqual(manifest.bytes);
    expect([...members.keys()].slice(-2)).toEqual(['index.json', 'oci-layout']);
  });

  test('a directory has blobs by their hex, without the manifest', async () => {
    const image = await writeDir(dir, { layers: [noise(10)], format: 'docker' });
    expect(image.manifest.descriptor.mediaType).toBe(DOCKER_MANIFEST);
    const blobs = [image.config, ...image.layers].map(({ descriptor }) => descriptor.digest);
    expect((await readdir(dir)).toSorted()).toEqual(
      [...blobs.map(digestHex), 'manifest.json', 'version'].toSorted(),
    );
    expect(await readFile(join(dir, 'manifest.json'))).toEqual(image.manifest.bytes);
  });

  test('a docker archive holds several images and shares their layers', async () => {
    const path = join(dir, 'images.tar');
    const [shared, own] = [await makeLayer({ a: '1' }), await makeLayer({ b: '2' })];
    const made = await writeDockerArchive(path, [
      { layers: [shared], tags: ['example.com:5000/x:1'] },
      { layers: [shared, own], format: 'oci' },
    ]);
    expect(made.map(({ manifest }) => manifest.descriptor.mediaType)).toEqual([
      DOCKER_MANIFEST,
      OCI_MANIFEST,
    ]);
    const members = await membersOf(await readFile(path));
    expect(members.size).toBe(6);
    expect(JSON.parse(String(members.get('manifest.json')))).toMatchObject([
      { RepoTags: ['example.com:5000/x:1'], Layers: [`${digestHex(digestOf(shared))}.tar`] },
      { RepoTags: [], Layers: { length: 2 } },
    ]);
    expect(JSON.parse(String(members.get('repositories')))).toEqual({
      'example.com:5000/x': { '1': digestHex(digestOf(shared)) },
    });
  });
});
