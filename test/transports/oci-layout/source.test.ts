/** OCI layouts as directories and as archives: the same image, the same faults. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { digestHex, digestOf } from '../../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { parseOciArchiveReference } from '../../../src/transports/oci-archive/reference.ts';
import { parseOciLayoutReference } from '../../../src/transports/oci-layout/reference.ts';
import type { ImageSource } from '../../../src/transports/transport.ts';
import {
  makeLayer,
  noise,
  writeOciBlobs,
  writeOciIndex,
  writeOciLayout,
  type MadeImage,
} from '../../support/make-image.ts';
import { openFiles, temporaryDirectory } from '../../support/scratch.ts';
import { bytesOf } from '../../support/streams.ts';
import { makeContext } from '../../support/transport-context.ts';

const MIB = 1024 * 1024;

let directory = '';
let layout = '';
let image: MadeImage;

beforeEach(async () => {
  directory = await temporaryDirectory();
  layout = join(directory, 'layout');
  const layers = [await makeLayer({ file: noise(100_000) }), await makeLayer({ other: 'text' })];
  image = await writeOciLayout(layout, { layers, tag: 'v1' });
});

function blobFile({ digest }: Pick<Descriptor, 'digest'>): string {
  return join(layout, 'blobs', 'sha256', digestHex(digest));
}

/** Writes an index.json with these entries, over what they usually hold. */
async function writeIndex(...entries: readonly object[]): Promise<void> {
  const manifests = entries.map((entry) => ({ ...image.manifest.descriptor, ...entry }));
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

async function openArchive(name: string): Promise<ImageSource> {
  const path = join(directory, 'archive.tar');
  execFileSync('tar', ['-C', layout, '-cf', path, '.']);
  return parseOciArchiveReference(path + name).openSource(makeContext());
}

describe.each([
  [
    'oci:',
    (name: string) => parseOciLayoutReference(layout + name).openSource(makeContext()),
    'FILE_UNREADABLE',
  ],
  ['oci-archive:', openArchive, 'ARCHIVE_INVALID'],
])('%s', (_, openSource, irregular) => {
  async function open(name = ''): Promise<ImageSource> {
    const source = await openSource(name);
    onTestFinished(() => source[Symbol.asyncDispose]());
    return source;
  }

  test.each([[''], [':v1'], [':@0']])('gives the image %s as it is stored', async (name) => {
    const source = await open(name);
    expect(await source.getManifest()).toEqual({
      bytes: Buffer.from(image.manifest.bytes),
      mediaType: OCI_MANIFEST,
      digest: image.manifest.descriptor.digest,
    });
    for (const { descriptor, bytes } of [image.config, ...image.layers]) {
      expect((await bytesOf(source.getBlob(descriptor))).equals(bytes)).toBe(true);
      const range = { start: 3, end: 9 };
      expect(await bytesOf(source.getBlob(descriptor, range))).toEqual(
        Buffer.from(bytes.subarray(3, 9)),
      );
    }
  });

  test('gives a list and its instances', async () => {
    const index = await writeOciIndex(layout, {
      images: [{ layers: [] }, { layers: [await makeLayer({})] }],
      tag: 'list',
    });
    const source = await open(':list');
    const list = await source.getManifest();
    expect([list.mediaType, list.digest]).toEqual([OCI_INDEX, index.index.descriptor.digest]);
    for (const { manifest } of index.images) {
      const instance = await source.getManifest(manifest.descriptor);
      expect(instance.bytes).toEqual(Buffer.from(manifest.bytes));
      expect(instance.digest).toBe(manifest.descriptor.digest);
    }
  });

  test('guesses a type that the entry does not say', async () => {
    await writeIndex({ mediaType: '' });
    expect((await (await open()).getManifest()).mediaType).toBe(OCI_MANIFEST);
  });

  test('takes digests of other algorithms', async () => {
    const { bytes } = image.manifest;
    const digest = digestOf(bytes, 'sha512');
    await mkdir(join(layout, 'blobs', 'sha512'));
    await writeFile(join(layout, 'blobs', 'sha512', digestHex(digest)), bytes);
    await writeIndex({ digest });
    expect((await (await open()).getManifest()).digest).toBe(digest);
  });

  test.each<[string, () => Promise<void>]>([
    ['bytes', () => writeFile(blobFile(image.manifest.descriptor), '{"schemaVersion":2}')],
    [
      'a cut',
      () => writeFile(blobFile(image.manifest.descriptor), image.manifest.bytes.subarray(1)),
    ],
    ['no bytes', () => writeFile(blobFile(image.manifest.descriptor), '')],
    ['a larger size', () => writeIndex({ size: image.manifest.bytes.length + 1 })],
    ['a smaller size', () => writeIndex({ size: image.manifest.bytes.length - 1 })],
  ])('refuses a manifest with %s', async (__, damage) => {
    await damage();
    await expect((await open()).getManifest()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      origin: 'source',
      hint: expect.any(String),
    });
  });

  test('refuses an instance with other bytes', async () => {
    const { descriptor, bytes } = image.manifest;
    await writeFile(blobFile(descriptor), bytes.toReversed());
    await expect((await open()).getManifest(descriptor)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  test('refuses a manifest of more than 4 MiB', async () => {
    const large = Buffer.alloc(4 * MIB + 1);
    const descriptor = { mediaType: OCI_MANIFEST, digest: digestOf(large), size: large.length };
    await writeOciBlobs(layout, { descriptor, bytes: large }, [], 'large');
    await expect((await open(':large')).getManifest()).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      origin: 'source',
      hint: expect.any(String),
    });
  });

  test('takes a manifest of 4 MiB', async () => {
    const large = Buffer.alloc(4 * MIB);
    const descriptor = { mediaType: OCI_MANIFEST, digest: digestOf(large), size: large.length };
    await writeOciBlobs(layout, { descriptor, bytes: large }, [], 'large');
    expect((await (await open(':large')).getManifest()).bytes).toHaveLength(4 * MIB);
  });

  test.each<[string, string, () => Promise<void>]>([
    ['no index.json', 'SOURCE_NOT_FOUND', () => rm(join(layout, 'index.json'))],
    ['no image', 'SOURCE_NOT_FOUND', () => writeIndex()],
    ['two images and no choice', 'SOURCE_NOT_FOUND', () => writeIndex({}, {})],
    [
      'an index.json of 4 MiB and more',
      'LIMIT_EXCEEDED',
      () => writeIndex({ x: ' '.repeat(4 * MIB) }),
    ],
    [
      'an index.json that is none',
      'MANIFEST_INVALID',
      () => writeFile(join(layout, 'index.json'), 'x'),
    ],
    [
      'an index.json of another kind',
      'MANIFEST_INVALID',
      () => writeFile(join(layout, 'index.json'), image.manifest.bytes),
    ],
    [
      'a digest that is a path',
      'MANIFEST_INVALID',
      () => writeIndex({ digest: 'sha256:../../oci-layout' }),
    ],
    ['a digest of no known kind', 'MANIFEST_INVALID', () => writeIndex({ digest: 'md5:00' })],
    ['a negative size', 'MANIFEST_INVALID', () => writeIndex({ size: -1 })],
  ])('refuses %s: %s', async (__, code, damage) => {
    await damage();
    await expect(open()).rejects.toMatchObject({ code });
    expect(await openFiles(directory)).toEqual([]);
  });

  test.each([[':nope'], [':@1'], [':V1']])('has no %s', async (name) => {
    await expect(open(name)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      hint: expect.any(String),
    });
    expect(await openFiles(directory)).toEqual([]);
  });

  test('names the blob that it does not have, once', async () => {
    const missing = [image.manifest.descriptor, image.config.descriptor];
    await Promise.all(missing.map((descriptor) => rm(blobFile(descriptor))));
    const source = await open();
    const [manifest, config] = [
      source.getManifest(),
      bytesOf(source.getBlob(image.config.descriptor)),
    ];
    for (const [index, reading] of [manifest, config].entries()) {
      const digest = missing[index]?.digest ?? '';
      await expect(reading).rejects.toMatchObject({
        code: 'BLOB_UNKNOWN',
        message: expect.stringMatching(new RegExp(`^reading blob ${digest}: (?!.*${digest})`)),
        origin: 'source',
        hint: expect.any(String),
      });
    }
  });

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['a directory', (path) => mkdir(path)],
    ['a pipe', (path) => promisify(execFile)('mkfifo', [path])],
  ])('refuses a blob that is %s', async (__, replace) => {
    const { descriptor } = image.config;
    await rm(blobFile(descriptor));
    await replace(blobFile(descriptor));
    await expect(bytesOf((await open()).getBlob(descriptor))).rejects.toMatchObject({
      code: irregular,
      origin: 'source',
    });
  });

  test('gives what a blob has when it should have more', async () => {
    const { descriptor } = image.config;
    await writeFile(blobFile(descriptor), 'x');
    const range = { start: 0, end: 8 };
    expect(String(await bytesOf((await open()).getBlob(descriptor, range)))).toBe('x');
  });

  test('follows links inside the layout', async () => {
    const { descriptor, bytes } = image.config;
    await rename(blobFile(descriptor), join(layout, 'blob'));
    await symlink('../../blob', blobFile(descriptor));
    expect(await bytesOf((await open()).getBlob(descriptor))).toEqual(Buffer.from(bytes));
  });

  test('keeps nothing open', async () => {
    const source = await openSource('');
    await bytesOf(source.getBlob(image.config.descriptor));
    await source[Symbol.asyncDispose]();
    expect(await openFiles(directory)).toEqual([]);
  });

  test('needs no oci-layout file, and no word of its version', async () => {
    await rm(join(layout, 'oci-layout'));
    expect((await (await open()).getManifest()).digest).toBe(image.manifest.descriptor.digest);
  });
});

describe('a link out of the layout', () => {
  beforeEach(async () => {
    await rename(blobFile(image.config.descriptor), join(directory, 'outside'));
    await symlink(join(directory, 'outside'), blobFile(image.config.descriptor));
  });

  test('is followed where the user could do so', async () => {
    const source = await parseOciLayoutReference(layout).openSource(makeContext());
    const bytes = await bytesOf(source.getBlob(image.config.descriptor));
    expect(bytes).toEqual(Buffer.from(image.config.bytes));
  });

  test('leads nowhere from an archive', async () => {
    await using source = await openArchive('');
    await expect(bytesOf(source.getBlob(image.config.descriptor))).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
    });
  });
});

test.each([
  ['missing', 'SOURCE_NOT_FOUND'],
  ['layout/index.json', 'SOURCE_NOT_FOUND'], // a file where a directory should be
  ['layout/blobs', 'SOURCE_NOT_FOUND'],
])('oci:%s: %s', async (path, code) => {
  const reference = parseOciLayoutReference(join(directory, path));
  await expect(reference.openSource(makeContext())).rejects.toMatchObject({
    code,
    origin: 'source',
    hint: expect.stringContaining('index.json'),
  });
});
