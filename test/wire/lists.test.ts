/** Lists of images and artifacts: every instance arrives, and nothing that is not a layer is touched. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { digestHex, digestOf } from '../../src/image/digest.ts';
import { DOCKER_LIST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { failureOf } from '../support/failure.ts';
import {
  blobOf,
  blobsOf,
  jsonBlob,
  makeImage,
  makeIndex,
  makeLayer,
  writeOciBlobs,
  writeOciIndex,
  writeOciLayout,
  type ImageSpec,
  type MadeBlob,
  type MadeIndex,
} from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import { openScene, type Scene } from '../support/scene.ts';

const ARM = { architecture: 'arm64', os: 'linux', variant: 'v8' };
const UNKNOWN = { architecture: 'unknown', os: 'unknown' };

let layers: readonly [base: Uint8Array, first: Uint8Array, second: Uint8Array];

beforeAll(async () => {
  layers = [
    await makeLayer({ 'etc/': '' }),
    await makeLayer({ amd64: 'x' }),
    await makeLayer({ arm64: 'y' }),
  ];
});

function twoImages(compression: 'none' | 'gzip'): readonly ImageSpec[] {
  const [base, first, second] = layers;
  return [
    { layers: [base, first], compression },
    { layers: [base, second], compression, platform: ARM },
  ];
}

/** The entries of the list that a tag stands for. */
function instancesIn({ repository }: Scene, reference = '1'): readonly MadeBlob['descriptor'][] {
  const bytes = repository.manifest(reference)?.bytes ?? Buffer.from('{}');
  const { manifests } = JSON.parse(Buffer.from(bytes).toString()) as {
    readonly manifests: readonly MadeBlob['descriptor'][];
  };
  return manifests;
}

function uploads({ registry }: Scene): number {
  return registry.requests.filter(({ method, path }) => method === 'PUT' && /blobs/.test(path))
    .length;
}

describe('a list', () => {
  test.each(['oci', 'docker'] as const)(
    'of compressed images keeps its bytes (%s)',
    async (format) => {
      await using scene = await openScene();
      const { index, images } = await writeOciIndex(scene.path('image'), {
        format,
        images: twoImages('gzip'),
      });
      expect(await scene.push('oci:image')).toMatchObject({ code: 0, stdout: '' });
      expect(await scene.digestFile()).toBe(index.descriptor.digest);
      expect(scene.repository.manifest('1')).toEqual({
        mediaType: format === 'oci' ? OCI_INDEX : DOCKER_LIST,
        bytes: Buffer.from(index.bytes),
      });
      for (const image of images) {
        const pushed = pushedImage(scene.repository, image.manifest.descriptor.digest);
        expect(pushed.diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
        expect(Buffer.compare(pushed.config, image.config.bytes)).toBe(0);
      }
      expect(uploads(scene)).toBe(5); // the base layer is shared
      expect(scene.repository.tags.size).toBe(1);
    },
  );

  test.each(['oci', 'docker'] as const)(
    'names what its plain images have become (%s)',
    async (format) => {
      await using scene = await openScene();
      const annotations = format === 'oci' ? { annotations: { 'org.example.key': 'value' } } : {};
      const { images } = await writeOciIndex(scene.path('image'), {
        format,
        images: twoImages('none'),
        ...annotations,
      });
      expect(await scene.push('oci:image')).toMatchObject({ code: 0, stdout: '' });
      const instances = instancesIn(scene);
      expect(instances).toMatchObject([{ platform: { architecture: 'amd64' } }, { platform: ARM }]);
      for (const [position, { digest, size, mediaType }] of instances.entries()) {
        const pushed = pushedImage(scene.repository, digest);
        expect(pushed).toMatchObject({ digest, mediaType, manifest: { length: size } });
        expect(pushed.diffIDs).toEqual(images[position]?.layers.map(({ diffID }) => diffID));
        for (const type of pushed.layerTypes) expect(type).toMatch(/gzip$/);
      }
      const bytes = scene.repository.manifest('1')?.bytes ?? Buffer.alloc(0);
      expect(await scene.digestFile()).toBe(digestOf(bytes));
      expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject(annotations);
      expect(uploads(scene)).toBe(5);
    },
  );

  test('in a directory has its instances beside it', async () => {
    await using scene = await openScene();
    const made = makeIndex({ images: twoImages('gzip') });
    await writeDirectory(scene.path('image'), made);
    expect(await scene.push('dir:image')).toMatchObject({ code: 0 });
    expect(await scene.digestFile()).toBe(made.index.descriptor.digest);
    expect(instancesIn(scene)).toHaveLength(2);
  });

  test('may hold attestations, which stay as they are', async () => {
    await using scene = await openScene();
    const image = makeImage({ layers: [layers[0]], compression: 'gzip' });
    const statement = blobOf(Buffer.from('{"_type":"statement"}'), 'application/vnd.in-toto+json');
    const config = jsonBlob(OCI_CONFIG, { ...UNKNOWN, rootfs: { type: 'layers', diff_ids: [] } });
    const attestation = jsonBlob(OCI_MANIFEST, {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: config.descriptor,
      layers: [statement.descriptor],
    });
    const about = { 'vnd.docker.reference.digest': image.manifest.descriptor.digest };
    const index = listOf([
      { ...image.manifest.descriptor, platform: { architecture: 'amd64', os: 'linux' } },
      { ...attestation.descriptor, platform: UNKNOWN, annotations: about },
    ]);
    const blobs = [...blobsOf(image), attestation, config, statement];
    await writeOciBlobs(scene.path('image'), index, blobs);
    expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
    expect(await scene.digestFile()).toBe(index.descriptor.digest);
    const { digest } = attestation.descriptor;
    expect(scene.repository.manifest(digest)?.bytes).toEqual(Buffer.from(attestation.bytes));
    expect(scene.repository.blobs.has(statement.descriptor.digest)).toBe(true);
  });

  test.each(['gzip', 'none'] as const)('may hold lists (%s)', async (compression) => {
    await using scene = await openScene();
    const inner = makeIndex({ images: twoImages(compression) });
    const outer = listOf([inner.index.descriptor]);
    const blobs = [inner.index, ...inner.images.flatMap(blobsOf)];
    await writeOciBlobs(scene.path('image'), outer, blobs);
    expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
    const [list] = instancesIn(scene);
    const instances = instancesIn(scene, list?.digest);
    expect(instances).toHaveLength(2);
    for (const { digest } of instances) pushedImage(scene.repository, digest);
    const isKept = (await scene.digestFile()) === outer.descriptor.digest;
    expect(isKept).toBe(compression === 'gzip');
  });

  test('of which an image is missing is refused by its digest, and can be had without it', async () => {
    await using scene = await openScene();
    const { images } = await writeOciIndex(scene.path('image'), { images: twoImages('gzip') });
    const missing = images[1]?.manifest.descriptor.digest ?? digestOf(Buffer.alloc(0));
    await rm(scene.path(`image/blobs/sha256/${digestHex(missing)}`));
    const failure = failureOf(await scene.push('oci:image'));
    expect(failure).toMatchObject({
      code: 125,
      error: expect.stringContaining(`reading an instance of the list: reading blob ${missing}: `),
      hint: expect.stringContaining('--platform'),
    });
    expect(uploads(scene)).toBe(0);
    expect(await scene.push('oci:image', ['--platform=linux/amd64'])).toMatchObject({ code: 0 });
    expect(await scene.digestFile()).toBe(images[0]?.manifest.descriptor.digest);
  });

  test('is pushed with its instances first', async () => {
    await using scene = await openScene();
    await writeOciIndex(scene.path('image'), { images: twoImages('none') });
    await scene.push('oci:image');
    const { requests } = scene.registry;
    const manifests = requests.filter(
      ({ method, path }) => method === 'PUT' && /manifests/.test(path),
    );
    expect(manifests.map(({ path }) => path.replace(/.*\//, ''))).toEqual([
      ...instancesIn(scene).map(({ digest }) => digest),
      '1',
    ]);
    expect(manifests.at(-1)?.startedAfter).toBe(requests.length - 1);
  });
});

test('an artifact is not touched, even where a blob could be a layer', async () => {
  await using scene = await openScene();
  const config = blobOf(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');
  const blobs = [
    blobOf(Buffer.from('text'), 'text/plain'),
    blobOf(layers[0], 'application/vnd.oci.image.layer.v1.tar'),
  ];
  const artifact = jsonBlob(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: 'application/vnd.example+type',
    config: { ...config.descriptor, data: 'e30=' },
    layers: blobs.map(({ descriptor }) => descriptor),
  });
  await writeOciBlobs(scene.path('image'), artifact, [config, ...blobs]);
  expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
  expect(await scene.digestFile()).toBe(artifact.descriptor.digest);
  for (const { descriptor, bytes } of [config, ...blobs]) {
    expect(scene.repository.blobs.get(descriptor.digest)?.bytes).toEqual(Buffer.from(bytes));
  }
});

function listOf(manifests: readonly object[]): MadeBlob {
  return jsonBlob(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
}

async function writeDirectory(path: string, { index, images }: MadeIndex): Promise<void> {
  await mkdir(path);
  await writeFile(`${path}/version`, 'Directory Transport Version: 1.1\n');
  await writeFile(`${path}/manifest.json`, index.bytes);
  for (const { manifest, config, layers: blobs } of images) {
    const hex = digestHex(manifest.descriptor.digest);
    await writeFile(`${path}/${hex}.manifest.json`, manifest.bytes);
    for (const { descriptor, bytes } of [config, ...blobs]) {
      await writeFile(`${path}/${digestHex(descriptor.digest)}`, bytes);
    }
  }
}

describe('manifest push', () => {
  const pushList = (scene: Scene, ...flags: readonly string[]) =>
    scene.home.run([
      'manifest',
      'push',
      '--tls-verify=false',
      ...flags,
      'oci:image',
      scene.destination,
    ]);

  test('pushes a list with all that is in it', async () => {
    await using scene = await openScene();
    await writeOciIndex(scene.path('image'), { images: twoImages('gzip') });
    expect(await pushList(scene)).toMatchObject({ code: 0, stdout: '' });
    for (const { digest } of instancesIn(scene)) pushedImage(scene.repository, digest);
  });

  test('--all=false pushes nothing else', async () => {
    await using scene = await openScene();
    const { index } = await writeOciIndex(scene.path('image'), { images: twoImages('gzip') });
    await pushList(scene);
    const before = scene.registry.requests.length;
    const other = `${scene.registry.host}/team/app:2`;
    const flags = ['manifest', 'push', '--tls-verify=false', '--all=false', '--output=digest'];
    const run = await scene.home.run([...flags, 'oci:image', other]);
    expect(run).toMatchObject({ code: 0, stdout: `${index.descriptor.digest}\n` });
    const requests = scene.registry.requests.slice(before);
    expect(requests.map(({ method }) => method)).toEqual(['HEAD', 'PUT']);
    expect(run.stderr).toContain('Copying 0 images generated from 2 images in list');
  });

  test('--all=false names what the registry does not have, and gives up at once', async () => {
    await using scene = await openScene();
    const { images } = await writeOciIndex(scene.path('image'), { images: twoImages('gzip') });
    const run = await pushList(scene, '--all=false');
    const [first] = images.map(({ manifest }) => manifest.descriptor.digest);
    expect(run.code).toBe(125);
    expect(run.stderr).toContain(`blob unknown to registry: ${first}\nHint: push what the list`);
    expect(scene.registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'PUT']);
    expect(scene.repository.tags.size).toBe(0);
  });

  test('refuses a single image', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers: [...layers] });
    const run = await pushList(scene);
    expect(run.code).toBe(125);
    expect(run.stderr).toContain('image is not a manifest list');
    expect(scene.registry.requests).toEqual([]);
  });
});
