/** Every source, with plain and compressed layers, arrives byte for byte under the digest that is told. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../../src/image/media-types.ts';
import {
  makeLayer,
  noise,
  writeDir,
  writeDockerArchive,
  writeOciArchive,
  writeOciLayout,
  type ImageSpec,
  type MadeImage,
} from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import { openScene, type Scene } from '../support/scene.ts';

type Write = (path: string, spec: ImageSpec) => Promise<MadeImage>;

const WRITERS = {
  'an OCI layout': (path, spec) => writeOciLayout(path, { ...spec, tag: '1.0' }),
  'a directory': writeDir,
  'an OCI archive': writeOciArchive,
  'a Docker archive': async (path, spec) => {
    const [image] = await writeDockerArchive(path, [{ ...spec, tags: ['example.com/x:1'] }]);
    return image as MadeImage;
  },
} as const satisfies Record<string, Write>;

const SOURCES = [
  ['oci:image', 'an OCI layout'],
  ['oci:image:1.0', 'an OCI layout'],
  ['oci:image:@0', 'an OCI layout'],
  ['./image', 'an OCI layout'],
  ['dir:image', 'a directory'],
  ['./image', 'a directory'],
  ['oci-archive:image', 'an OCI archive'],
  ['./image', 'an OCI archive'],
  ['docker-archive:image', 'a Docker archive'],
  ['docker-archive:image:example.com/x:1', 'a Docker archive'],
  ['./image', 'a Docker archive'],
] as const;

/** Ways for the bytes of an archive other than a plain file, and what is then the source. */
const STREAMS = [
  ['-', 'an OCI archive', 'standard input'],
  ['-', 'a Docker archive', 'standard input'],
  ['-', 'an OCI archive', 'standard input, compressed'],
  ['-', 'a Docker archive', 'standard input, compressed'],
  ['oci-archive:stream', 'an OCI archive', 'a compressed file'],
  ['./stream', 'a Docker archive', 'a compressed file'],
  ['oci-archive:stream', 'an OCI archive', 'a named pipe'],
  ['docker-archive:stream', 'a Docker archive', 'a named pipe'],
  ['./stream', 'a Docker archive', 'a named pipe'],
] as const;

/** The lowest layer once more on top; one that is more than a block of the compressor. */
let layers: readonly Uint8Array[] = [];

beforeAll(async () => {
  const small = await makeLayer({ 'etc/': '', 'etc/motd': 'Hello' });
  const big = await makeLayer({ random: noise(200_000), zeros: Buffer.alloc(1_000_000) });
  layers = [small, big, small];
});

async function expectArrival(scene: Scene, image: MadeImage): Promise<void> {
  const { repository, registry, digestFile } = scene;
  const pushed = pushedImage(repository, '1');
  expect(await digestFile()).toBe(pushed.digest);
  expect(pushed.digest).toHaveLength(71);
  expect(Buffer.from(pushed.config)).toEqual(Buffer.from(image.config.bytes));
  expect(pushed.diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
  for (const type of pushed.layerTypes) expect(type).toMatch(/gzip$/);
  const uploads = registry.requests.filter(({ query }) => query.has('digest'));
  expect(uploads).toHaveLength(3); // two layers and the config: what is repeated goes once
}

describe.each(['none', 'gzip'] as const)('layers compressed with %s', (compression) => {
  test.each(SOURCES)('%s of %s', async (source, kind) => {
    await using scene = await openScene();
    const image = await WRITERS[kind](scene.path('image'), { layers, compression });
    expect(await scene.push(source)).toMatchObject({ code: 0, stdout: '' });
    await expectArrival(scene, image);
    const isKept = compression === 'gzip' && kind !== 'a Docker archive';
    const { manifest, mediaType } = pushedImage(scene.repository, '1');
    expect(Buffer.compare(manifest, image.manifest.bytes) === 0).toBe(isKept);
    expect(mediaType).toBe(image.manifest.descriptor.mediaType);
  });

  test.each(STREAMS)('%s of %s through %s', async (source, kind, way) => {
    await using scene = await openScene();
    const image = await WRITERS[kind](scene.path('image'), { layers, compression });
    const archive = await readFile(scene.path('image'));
    const bytes = way.includes('compressed') ? gzipSync(archive) : archive;
    if (way === 'a named pipe') execFileSync('mkfifo', [scene.path('stream')]);
    const writing = source === '-' ? undefined : writeFile(scene.path('stream'), bytes);
    const run = await scene.push(source, [], source === '-' ? { input: bytes } : {});
    await writing;
    expect(run).toMatchObject({ code: 0, stdout: '' });
    await expectArrival(scene, image);
  });
});

describe('a manifest that must be rewritten', () => {
  test.each([
    ['oci', OCI_MANIFEST],
    ['docker', DOCKER_MANIFEST],
  ] as const)('keeps its format (%s) and annotations', async (format, mediaType) => {
    await using scene = await openScene();
    const annotations = format === 'oci' ? { annotations: { 'org.example.key': '<value>' } } : {};
    await writeOciLayout(scene.path('image'), { layers, format, ...annotations });
    expect((await scene.push('oci:image')).code).toBe(0);
    const pushed = pushedImage(scene.repository, '1');
    const manifest: unknown = JSON.parse(Buffer.from(pushed.manifest).toString());
    expect(manifest).toMatchObject({ schemaVersion: 2, mediaType, ...annotations });
    expect(pushed.mediaType).toBe(mediaType);
  });

  test('is the same at every push, whatever the cache knows', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers });
    await scene.push('oci:image');
    const first = await scene.digestFile();
    await using other = await openScene();
    await writeOciLayout(other.path('image'), { layers });
    await other.push('oci:image', ['--jobs=1']);
    expect(await other.digestFile()).toBe(first);
  });

  test('has smaller layers at a higher level', async () => {
    await using scene = await openScene();
    const compressible = await makeLayer({
      text: `${'some text '.repeat(9999)}${noise(9).join()}`,
    });
    await writeOciLayout(scene.path('image'), { layers: [compressible] });
    const sizes: number[] = [];
    for (const level of ['1', '9']) {
      await scene.push('oci:image', ['--compression-level', level]);
      const layer = [...scene.repository.blobs.values()].at(-1)?.bytes ?? Buffer.alloc(0);
      expect(Buffer.compare(gunzipSync(layer), compressible)).toBe(0);
      sizes.push(layer.length);
    }
    expect(sizes[1]).toBeLessThan(sizes[0] ?? 0);
  });
});

describe('a destination', () => {
  test.each([
    ['', '', 'latest'],
    ['docker://', '', 'latest'],
    ['docker://', ':2', '2'],
  ])('%sHOST/team/app%s is tag %s', async (transport, suffix, tag) => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers: [] });
    const destination = `${transport}${scene.registry.host}/team/app${suffix}`;
    const run = await scene.home.run(['push', '--tls-verify=false', 'oci:image', destination]);
    expect(run.code).toBe(0);
    expect([...scene.repository.tags.keys()]).toEqual([tag]);
  });

  test.each([['push'], ['image', 'push'], []])('is pushed to by %s %s', async (...command) => {
    await using scene = await openScene();
    await mkdir(scene.path('images'));
    await writeOciLayout(scene.path('images/image'), { layers: [] });
    const args = [...command, 'oci:image', scene.destination, '--tls-verify=false'];
    expect(await scene.home.run(args, { cwd: scene.path('images') })).toMatchObject({ code: 0 });
    expect(scene.repository.tags.size).toBe(1);
  });

  test.each(['gzip', 'none'] as const)(
    'by digest takes an image as it is (%s)',
    async (compression) => {
      await using scene = await openScene();
      const { manifest } = await writeOciLayout(scene.path('image'), { layers, compression });
      const { digest } = manifest.descriptor;
      const destination = `docker://${scene.registry.host}/team/app@${digest}`;
      const run = await scene.home.run(['push', '--tls-verify=false', 'oci:image', destination]);
      expect(run.code).toBe(0);
      expect(scene.repository.tags.size).toBe(0);
      expect(scene.repository.manifest(digest)?.bytes).toEqual(Buffer.from(manifest.bytes));
    },
  );
});
