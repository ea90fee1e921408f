import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { digestHex, digestOf } from '../../../src/image/digest.ts';
import { manifestDigest } from '../../../src/image/manifest-type.ts';
import { DOCKER_V1_SIGNED, OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { encodeSignature } from '../../../src/image/signature.ts';
import { parseDirReference } from '../../../src/transports/dir/reference.ts';
import type { ImageSource } from '../../../src/transports/transport.ts';
import { makeIndex, makeLayer, writeDir, type MadeImage } from '../../support/make-image.ts';
import { fixture } from '../../image/fixture.ts';
import { openFiles, temporaryDirectory, withoutPermission } from '../../support/scratch.ts';
import { bytesOf } from '../../support/streams.ts';
import { makeContext } from '../../support/transport-context.ts';

const MIB = 1024 * 1024;

let directory = '';
let dir = '';
let image: MadeImage;

beforeEach(async () => {
  directory = await temporaryDirectory();
  dir = join(directory, 'a:b');
  image = await writeDir(dir, { layers: [await makeLayer({ file: 'text' })] });
});

async function open(path = dir): Promise<ImageSource> {
  const source = await parseDirReference(path).openSource(makeContext());
  onTestFinished(() => source[Symbol.asyncDispose]());
  return source;
}

describe('parseDirReference', () => {
  test.each([['/a/b'], ['a:b'], ['a:@0']])('dir:%s gives itself back', (path) => {
    const reference = parseDirReference(path);
    expect(reference.transport).toBe('dir');
    expect(reference.toString()).toBe(`dir:${path}`);
  });

  test('refuses no path', () => {
    expect(() => parseDirReference('')).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID' }),
    );
  });
});

test('gives the image as it is stored', async () => {
  const source = await open();
  expect(await source.getManifest()).toEqual({
    bytes: Buffer.from(image.manifest.bytes),
    mediaType: OCI_MANIFEST,
    digest: image.manifest.descriptor.digest,
  });
  for (const { descriptor, bytes } of [image.config, ...image.layers]) {
    expect(await bytesOf(source.getBlob(descriptor))).toEqual(Buffer.from(bytes));
    expect(await bytesOf(source.getBlob(descriptor, { start: 1, end: 5 }))).toEqual(
      Buffer.from(bytes.subarray(1, 5)),
    );
  }
  expect(await openFiles(directory)).toEqual([]);
});

test('gives a list and its instances', async () => {
  const { index, images } = makeIndex({ images: [{ layers: [] }] });
  await writeFile(join(dir, 'manifest.json'), index.bytes);
  const source = await open();
  expect((await source.getManifest()).mediaType).toBe(OCI_INDEX);
  for (const { manifest } of images) {
    const { descriptor, bytes } = manifest;
    const path = join(dir, `${digestHex(descriptor.digest)}.manifest.json`);
    await expect(source.getManifest(descriptor)).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
      message: expect.stringContaining(descriptor.digest),
      origin: 'source',
    });
    await writeFile(path, bytes);
    expect((await source.getManifest(descriptor)).digest).toBe(descriptor.digest);
    await writeFile(path, `${String(bytes)} `);
    await expect(source.getManifest(descriptor)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  }
});

test('knows a signed schema 1 manifest by the digest of what is signed', async () => {
  const signed = fixture('docker-v2s1-signed.json');
  await writeFile(join(dir, 'manifest.json'), signed);
  expect(manifestDigest(signed)).not.toBe(digestOf(signed));
  expect(await (await open()).getManifest()).toMatchObject({
    bytes: signed,
    mediaType: DOCKER_V1_SIGNED,
    digest: manifestDigest(signed),
  });
});

test('reads signatures of an image and of an instance', async () => {
  const source = await open();
  const { descriptor } = image.manifest;
  const hex = descriptor.digest.slice('sha256:'.length);
  const manifest = await source.getManifest();
  const found = async (): Promise<readonly string[][]> =>
    Promise.all(
      [undefined, descriptor].map(async (instance) =>
        ((await source.getSignatures?.(manifest, instance)) ?? []).map((signature) =>
          Buffer.from(encodeSignature(signature)).toString('latin1'),
        ),
      ),
    );
  expect(await found()).toEqual([[], []]);
  await writeFile(join(dir, 'signature-2'), '\xa0second', 'latin1'); // a hole ends the list
  expect(await found()).toEqual([[], []]);
  await writeFile(join(dir, 'signature-1'), '\xa3first', 'latin1');
  expect(await found()).toEqual([['\xa3first', '\xa0second'], []]);
  await writeFile(join(dir, `${hex}.signature-1`), '\x88instance', 'latin1');
  expect(await found()).toEqual([['\xa3first', '\xa0second'], ['\x88instance']]);
});

test('needs no version file, and follows links', async () => {
  await rm(join(dir, 'version'));
  await rename(join(dir, 'manifest.json'), join(directory, 'manifest'));
  await symlink('../manifest', join(dir, 'manifest.json'));
  expect((await (await open()).getManifest()).digest).toBe(image.manifest.descriptor.digest);
});

describe('refuses', () => {
  test.each<[string, string, (manifest: string) => Promise<unknown>]>([
    ['no manifest', 'SOURCE_NOT_FOUND', (path) => rm(path)],
    ['no directory', 'SOURCE_NOT_FOUND', () => rm(dir, { recursive: true })],
    [
      'a directory as manifest',
      'FILE_UNREADABLE',
      async (path) => {
        await rm(path);
        await mkdir(path);
      },
    ],
    ['a manifest that is none', 'MANIFEST_INVALID', (path) => writeFile(path, '[{"Config":""}]')],
    ['an empty manifest', 'MANIFEST_INVALID', (path) => writeFile(path, '')],
    [
      'a manifest of 4 MiB and more',
      'LIMIT_EXCEEDED',
      (path) => writeFile(path, Buffer.alloc(4 * MIB + 1, ' ')),
    ],
  ])('%s: %s', async (_, code, damage) => {
    await damage(join(dir, 'manifest.json'));
    await expect(open()).rejects.toMatchObject({ code });
    expect(await openFiles(directory)).toEqual([]);
  });

  test('an archive', async () => {
    await expect(open(join(dir, 'version'))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      hint: expect.stringContaining('docker-archive:'),
    });
  });

  test('what may not be read', async () => {
    await withoutPermission(dir, () =>
      expect(open()).rejects.toMatchObject({ code: 'FILE_UNREADABLE', hint: expect.any(String) }),
    );
  });

  test('to give a blob that is not there, and names it', async () => {
    const { digest } = image.config.descriptor;
    await rm(join(dir, digestHex(digest)));
    await expect(bytesOf((await open()).getBlob(image.config.descriptor))).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
      message: expect.stringContaining(digest),
      origin: 'source',
      hint: expect.any(String),
    });
  });
});
