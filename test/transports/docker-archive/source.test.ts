/** Archives of docker save, of all its ages, and such as it never wrote. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { digestOf, verified, type Digest } from '../../../src/image/digest.ts';
import { parseImageManifest } from '../../../src/image/manifest.ts';
import { DOCKER_MANIFEST } from '../../../src/image/media-types.ts';
import { parseDockerArchiveReference } from '../../../src/transports/docker-archive/reference.ts';
import type { ImageSource } from '../../../src/transports/transport.ts';
import {
  makeImage,
  makeLayer,
  noise,
  writeDockerArchive,
  type MadeImage,
} from '../../support/make-image.ts';
import { openFiles, temporaryDirectory } from '../../support/scratch.ts';
import { bytesOf } from '../../support/streams.ts';
import { tarOf, type TarEntry } from '../../support/tar.ts';
import { makeContext } from '../../support/transport-context.ts';

const MIB = 1024 * 1024;

let directory = '';
let path = '';
let base: Uint8Array;
let top: Uint8Array;
/** What the archives below are made of. */
let image: MadeImage;

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'image.tar');
  base = await makeLayer({ base: noise(300_000) });
  top = await makeLayer({ top: 'text' });
  image = makeImage({ layers: [base, top], format: 'docker' });
});

async function open(name = ''): Promise<ImageSource> {
  const reference = parseDockerArchiveReference(path + name);
  const source = await reference.openSource(makeContext({ temporaryDirectory: directory }));
  onTestFinished(() => source[Symbol.asyncDispose]());
  return source;
}

interface Contents {
  readonly Config?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers?: readonly string[];
}

/** An archive of one image: its config as `config.json`, its layers where the members say. */
async function writeArchive(members: readonly TarEntry[], contents: Contents = {}): Promise<void> {
  const item = { Config: 'config.json', RepoTags: null, Layers: ['0.tar', '1.tar'], ...contents };
  const config = { name: 'config.json', content: image.config.bytes };
  const manifest = { name: 'manifest.json', content: JSON.stringify([item]) };
  await writeFile(path, await tarOf([...members, config, manifest]));
}

/** The digests of config and layers as they are read, each whole and in part. */
async function readBlobs(source: ImageSource): Promise<readonly Digest[]> {
  const { bytes, mediaType } = await source.getManifest();
  const { config, layers } = parseImageManifest(bytes, mediaType);
  const digests = [config, ...layers].map(async (descriptor) => {
    const blob = await bytesOf(verified(source.getBlob(descriptor), descriptor));
    const part = await bytesOf(source.getBlob(descriptor, { start: 512, end: 520 }));
    expect(part).toEqual(blob.subarray(512, 520));
    return digestOf(blob);
  });
  return Promise.all(digests);
}

function blobsWith(...layers: readonly Uint8Array[]): readonly Digest[] {
  return [image.config.bytes, ...layers].map((bytes) => digestOf(bytes));
}

test('makes the manifest that the archive does not have', async () => {
  await writeArchive([
    { name: '0.tar', content: base },
    { name: '1.tar', content: top },
  ]);
  const source = await open();
  const { bytes, mediaType, digest } = await source.getManifest();
  const { size, digest: config } = image.config.descriptor;
  const [first, second] = image.layers;
  expect(String(bytes)).toBe(
    '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",' +
      `"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":${size},"digest":"${config}"},` +
      '"layers":[' +
      `{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","size":${base.length},"digest":"${first?.diffID}"},` +
      `{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","size":${top.length},"digest":"${second?.diffID}"}]}`,
  );
  expect(mediaType).toBe(DOCKER_MANIFEST);
  expect(await source.getManifest()).toEqual({ bytes, mediaType, digest });
  expect(() => source.getManifest(image.manifest.descriptor)).toThrow(TypeError);
});

describe('gives the layers', () => {
  test('of docker save', async () => {
    await writeDockerArchive(path, [{ layers: [base, top], tags: ['a:b'] }]);
    expect(await readBlobs(await open())).toEqual(blobsWith(base, top));
    expect(await readBlobs(await open(':a:b'))).toEqual(blobsWith(base, top));
    expect(await readBlobs(await open(':@0'))).toEqual(blobsWith(base, top));
  });

  test('of one image of several', async () => {
    await writeDockerArchive(path, [
      { layers: [top], tags: ['a:1', 'a'] },
      { layers: [base, top], tags: ['example.com/b:2'] },
    ]);
    expect(await readBlobs(await open(':example.com/b:2'))).toEqual(blobsWith(base, top));
    expect(await readBlobs(await open(':@1'))).toEqual(blobsWith(base, top));
    for (const name of [':a', ':docker.io/library/a:1', ':@0']) {
      const { bytes, mediaType } = await (await open(name)).getManifest();
      expect(parseImageManifest(bytes, mediaType).layers).toHaveLength(1);
    }
  });

  test.each<[string, () => readonly TarEntry[], Contents]>([
    [
      'that are compressed',
      () => [
        { name: '0.tar', content: gzipSync(base) },
        { name: '1.tar', content: gzipSync(top) },
      ],
      {},
    ],
    [
      'with the largest after all else',
      () => [
        { name: '1.tar', content: top },
        { name: '0.tar', content: base },
      ],
      {},
    ],
    [
      'behind symbolic links, as docker 1.10 and podman write them',
      () => [
        { name: 'x/layer.tar', type: 'symlink', linkname: '../0.tar' },
        { name: '0.tar', content: base },
        { name: 'y/layer.tar', type: 'symlink', linkname: '../1.tar' },
        { name: '1.tar', content: gzipSync(top) },
      ],
      { Layers: ['x/layer.tar', 'y/layer.tar'] },
    ],
    [
      'behind hard links',
      () => [
        { name: 'store/0', content: base },
        { name: '0.tar', type: 'link', linkname: 'store/0' },
        { name: '1.tar', content: top },
      ],
      {},
    ],
    [
      'that are named loosely',
      () => [
        { name: './0.tar', content: base },
        { name: '/1.tar', content: top },
      ],
      { Layers: ['/0.tar', 'x/../1.tar'], Config: './config.json' },
    ],
  ])('%s', async (_, members, contents) => {
    await writeArchive(members(), contents);
    expect(await readBlobs(await open())).toEqual(blobsWith(base, top));
  });

  test('that stand twice in an image', async () => {
    image = makeImage({ layers: [top, base, top], format: 'docker' });
    await writeArchive(
      [
        { name: '0.tar', content: top },
        { name: '1.tar', content: base },
      ],
      {
        Layers: ['0.tar', '1.tar', '0.tar'],
      },
    );
    expect(await readBlobs(await open())).toEqual(blobsWith(top, base, top));
  });

  test('of an image without any', async () => {
    image = makeImage({ layers: [], format: 'docker' });
    await writeArchive([], { Layers: [] });
    expect(await readBlobs(await open())).toEqual(blobsWith());
  });

  test('of a compressed archive', async () => {
    const config = { name: 'config.json', content: image.config.bytes };
    const item = { Config: 'config.json', Layers: ['0.tar', '1.tar'] };
    const tar = await tarOf([
      { name: 'manifest.json', content: JSON.stringify([item]) },
      config,
      { name: '0.tar', content: base },
      { name: '1.tar', content: top },
    ]);
    await writeFile(path, gzipSync(tar));
    expect(await readBlobs(await open())).toEqual(blobsWith(base, top));
  });
});

describe('refuses', () => {
  const layers = (): TarEntry[] => [
    { name: '0.tar', content: base },
    { name: '1.tar', content: top },
  ];
  const oneItem = JSON.stringify([{ Config: 'config.json', Layers: [] }]);

  test.each<[string, string, () => Promise<void>]>([
    ['no manifest.json', 'SOURCE_NOT_FOUND', async () => writeFile(path, await tarOf(layers()))],
    [
      'an archive of before Docker 1.10',
      'UNSUPPORTED',
      async () => writeFile(path, await tarOf([{ name: 'repositories', content: '{}' }])),
    ],
    [
      'two different manifest.json',
      'ARCHIVE_INVALID',
      () => writeArchive([...layers(), { name: 'manifest.json', content: '[]' }]),
    ],
    [
      'two different configs',
      'ARCHIVE_INVALID',
      () => writeArchive([...layers(), { name: 'config.json', content: '{}' }]),
    ],
    [
      'a manifest.json that is none',
      'ARCHIVE_INVALID',
      async () => writeFile(path, await tarOf([{ name: 'manifest.json', content: '{}' }])),
    ],
    [
      'a manifest.json of 1 MiB and more',
      'LIMIT_EXCEEDED',
      async () =>
        writeFile(path, await tarOf([{ name: 'manifest.json', content: oneItem.padEnd(MIB + 1) }])),
    ],
    ['no config', 'BLOB_UNKNOWN', () => writeArchive(layers(), { Config: 'other.json' })],
    [
      'a config of 4 MiB and more',
      'LIMIT_EXCEEDED',
      () =>
        writeArchive([{ name: 'big.json', content: Buffer.alloc(4 * MIB + 1, ' ') }], {
          Config: 'big.json',
        }),
    ],
    [
      'a config that is none',
      'MANIFEST_INVALID',
      () =>
        writeArchive([...layers(), { name: 'bad.json', content: '{}' }], { Config: 'bad.json' }),
    ],
    [
      'a config out of the archive',
      'BLOB_UNKNOWN',
      () => writeArchive(layers(), { Config: '../../../etc/hostname' }),
    ],
    ['too few layers', 'ARCHIVE_INVALID', () => writeArchive(layers(), { Layers: ['0.tar'] })],
    [
      'one file for two layers',
      'ARCHIVE_INVALID',
      () => writeArchive(layers(), { Layers: ['0.tar', '0.tar'] }),
    ],
    ['a missing layer', 'BLOB_UNKNOWN', () => writeArchive(layers().slice(0, 1))],
    [
      'a link to a layer out of the archive',
      'BLOB_UNKNOWN',
      () =>
        writeArchive([
          ...layers().slice(0, 1),
          { name: '1.tar', type: 'symlink', linkname: '/etc/hostname' },
        ]),
    ],
    [
      'a layer that is a pipe',
      'ARCHIVE_INVALID',
      () => writeArchive([...layers().slice(0, 1), { name: '1.tar', type: 'fifo' }]),
    ],
    [
      'a cut compressed layer',
      'ARCHIVE_INVALID',
      () =>
        writeArchive([
          ...layers().slice(0, 1),
          { name: '1.tar', content: gzipSync(top).subarray(0, -1) },
        ]),
    ],
    [
      'a cut layer compressed with zstd',
      'ARCHIVE_INVALID',
      () =>
        writeArchive([
          ...layers().slice(0, 1),
          { name: '1.tar', content: Buffer.from('28b52ffd', 'hex') },
        ]),
    ],
    [
      'several images and no choice',
      'SOURCE_NOT_FOUND',
      async () => void (await writeDockerArchive(path, [{ layers: [top] }, { layers: [base] }])),
    ],
  ])('%s: %s', async (_, code, write) => {
    await write();
    await expect(open()).rejects.toMatchObject({ code });
    expect(await openFiles(directory)).toEqual([]);
  });

  test.each([[':nope'], [':@1'], [':a:2']])('%s, which it does not have', async (name) => {
    await writeDockerArchive(path, [{ layers: [top], tags: ['a:1'] }]);
    await expect(open(name)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      hint: expect.stringContaining('a:1'),
    });
  });

  test('a layer that is another', async () => {
    await writeArchive([
      { name: '0.tar', content: Buffer.from(base).fill(0, 600, 700) },
      { name: '1.tar', content: top },
    ]);
    const source = await open();
    const { bytes, mediaType } = await source.getManifest();
    for (const layer of parseImageManifest(bytes, mediaType).layers.slice(0, 1)) {
      await expect(bytesOf(verified(source.getBlob(layer), layer))).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
      });
    }
  });

  test('to give a blob that the image does not have', async () => {
    await writeArchive(layers());
    const { descriptor } = image.manifest;
    await expect(bytesOf((await open()).getBlob(descriptor))).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
      message: expect.stringContaining(descriptor.digest),
      origin: 'source',
    });
  });
});
