/** Paths that say by their content what they are. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { digestHex } from '../../src/image/digest.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { parseDockerArchiveReference } from '../../src/transports/docker-archive/reference.ts';
import { pathReference } from '../../src/transports/path.ts';
import type { ImageSource } from '../../src/transports/transport.ts';
import {
  makeLayer,
  writeDir,
  writeDockerArchive,
  writeOciArchive,
  writeOciLayout,
  type MadeImage,
} from '../support/make-image.ts';
import { openFiles, temporaryDirectory, withoutPermission } from '../support/scratch.ts';
import { bytesOf, reusing } from '../support/streams.ts';
import { tarOf } from '../support/tar.ts';
import { makeContext } from '../support/transport-context.ts';

let directory = '';
let path = '';
let layers: readonly Uint8Array[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'image');
  layers = [await makeLayer({ file: 'text' })];
});

async function open(place = path, input?: Uint8Array): Promise<ImageSource> {
  const context = makeContext({
    temporaryDirectory: directory,
    ...(input && { standardInput: () => reusing(input, [100]) }),
  });
  const source = await pathReference(place).openSource(context);
  onTestFinished(() => source[Symbol.asyncDispose]());
  return source;
}

/**
 * What Docker 25 and later saves: a layout whose entry has the tag alone for its name, and a
 * manifest.json that names the blobs of the layout.
 */
async function writeHybrid(): Promise<MadeImage> {
  const layout = join(directory, 'layout');
  const image = await writeOciLayout(layout, { layers, tag: '1' });
  const member = ({ descriptor }: MadeImage['config']): string =>
    `blobs/sha256/${digestHex(descriptor.digest)}`;
  const item = {
    Config: member(image.config),
    RepoTags: ['foo:1'],
    Layers: image.layers.map(member),
    LayerSources: {},
  };
  await writeFile(join(layout, 'manifest.json'), JSON.stringify([item]));
  execFileSync('tar', ['-C', layout, '-cf', path, '.']);
  return image;
}

describe('pathReference', () => {
  test.each([
    ['an OCI layout', writeOciLayout, OCI_MANIFEST],
    ['a dir: directory', writeDir, OCI_MANIFEST],
    ['an OCI archive', writeOciArchive, OCI_MANIFEST],
    [
      'a docker archive',
      async (to: string, spec: { layers: readonly Uint8Array[] }) => {
        await writeDockerArchive(to, [spec]);
      },
      DOCKER_MANIFEST,
    ],
  ])('recognises %s', async (_, write, mediaType) => {
    await write(path, { layers });
    const source = await open();
    expect((await source.getManifest()).mediaType).toBe(mediaType);
    expect(source.reference.toString()).toBe(path);
    await symlink('image', join(directory, 'link'));
    const linked = await open(join(directory, 'link'));
    expect(await linked.getManifest()).toEqual(await source.getManifest());
  });

  test.each([
    ['plain', (bytes: Uint8Array) => bytes],
    ['compressed', gzipSync],
  ])('recognises standard input, %s', async (_, wrap) => {
    const image = await writeOciArchive(path, { layers });
    const source = await open('-', wrap(await readFile(path)));
    expect((await source.getManifest()).digest).toBe(image.manifest.descriptor.digest);
    expect(source.reference.toString()).toBe('-');
  });

  test('takes the OCI side of what Docker 25 saves', async () => {
    const image = await writeHybrid();
    const source = await open();
    expect((await source.getManifest()).digest).toBe(image.manifest.descriptor.digest);
    const docker = await parseDockerArchiveReference(`${path}:foo:1`).openSource(makeContext());
    onTestFinished(() => docker[Symbol.asyncDispose]());
    expect((await docker.getManifest()).mediaType).toBe(DOCKER_MANIFEST);
    for (const { descriptor, bytes } of [image.config, ...image.layers]) {
      for (const side of [source, docker]) {
        expect(await bytesOf(side.getBlob(descriptor))).toEqual(Buffer.from(bytes));
      }
    }
  });

  test.each<[string, string, () => Promise<unknown>]>([
    ['nothing', 'SOURCE_NOT_FOUND', () => Promise.resolve()],
    ['an empty directory', 'SOURCE_NOT_FOUND', () => mkdir(path)],
    ['a device', 'FILE_UNREADABLE', () => symlink('/dev/null', path)],
    ['an empty file', 'SOURCE_NOT_FOUND', () => writeFile(path, '')],
    ['a text', 'ARCHIVE_INVALID', () => writeFile(path, 'text'.repeat(999))],
    [
      'an archive of files',
      'SOURCE_NOT_FOUND',
      async () => writeFile(path, await tarOf([{ name: 'etc/passwd' }])),
    ],
    [
      'an archive of before Docker 1.10',
      'UNSUPPORTED',
      async () => writeFile(path, await tarOf([{ name: 'repositories' }])),
    ],
    [
      'docker save, unpacked',
      'MANIFEST_INVALID',
      async () => {
        await mkdir(path);
        await writeFile(join(path, 'manifest.json'), '[{"Config":"c"}]');
      },
    ],
  ])('refuses %s: %s', async (_, code, write) => {
    await write();
    await expect(open()).rejects.toMatchObject({ code });
    expect(await openFiles(directory)).toEqual([]);
  });

  test('does not take for nothing what may not be looked at', async () => {
    await mkdir(path);
    const failure = { code: 'FILE_UNREADABLE', hint: expect.any(String) };
    await withoutPermission(path, () => expect(open()).rejects.toMatchObject(failure));
    await withoutPermission(directory, () => expect(open()).rejects.toMatchObject(failure));
  });
});
