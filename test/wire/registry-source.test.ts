/** Pushes from a registry, to registries and other places; and what no push can be. */
import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { hostPlatform } from '../../src/image/platform.ts';
import { aftermathOf, CLEAR_FAILURE } from '../support/failure.ts';
import {
  essenceAt,
  essenceIn,
  essenceOf,
  inHome,
  pushTo,
  readings,
  seedImage,
  seedManifest,
} from '../support/image-essence.ts';
import { imageAt } from '../support/image-state.ts';
import { blobsOf, makeIndex, makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import {
  startRegistry,
  type Registry,
  type RegistryOptions,
} from '../support/registry/registry.ts';
import type { Repository } from '../support/registry/repository.ts';
import { openScene } from '../support/scene.ts';
import { PASSWORD, USER } from '../support/secrets.ts';

let layers: readonly Uint8Array[] = [];

beforeAll(async () => {
  const small = await makeLayer({ 'etc/': '', 'etc/motd': 'Hello' });
  const big = await makeLayer({ random: noise(200_000), zeros: Buffer.alloc(1_000_000) });
  layers = [small, big, await makeLayer({ more: noise(70_000) }), small];
});

/** A registry besides that of the scene. */
async function openOther(options: RegistryOptions = {}): Promise<Registry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return registry;
}

/** Requests that send bytes of blobs, or would. */
function uploads({ requests }: Registry): readonly string[] {
  return requests
    .filter(({ method, path }) => /PATCH|PUT/.test(method) && path.includes('/blobs/'))
    .map(({ method }) => method);
}

describe('a push from a registry', () => {
  test('to another repository there mounts every blob', async () => {
    await using scene = await openScene();
    const { registry } = scene;
    const image = seedImage(registry.repository('base'), { layers, compression: 'gzip' }, '1');
    expect(
      await pushTo(scene, `docker://${registry.host}/base:1`, scene.destination),
    ).toMatchObject({ code: 0, stdout: '' });
    expect(uploads(registry)).toEqual([]);
    expect(readings(registry)).toEqual([]);
    const mounts = registry.requests.filter(({ query }) => query.has('mount'));
    expect(mounts.map(({ query, status }) => [query.get('from'), status])).toEqual(
      Array.from({ length: 4 }, () => ['base', 201]),
    );
    const { digest } = image.manifest.descriptor;
    expect(pushedImage(scene.repository, '1')).toMatchObject({ digest });
    expect(essenceIn(scene.repository, '1')).toEqual(essenceOf(image));
    expect(await scene.digestFile()).toBe(digest);
  });

  test('with a token that permits to', async () => {
    const auth = { kind: 'bearer', user: USER, password: PASSWORD } as const;
    await using scene = await openScene({ auth });
    const { registry } = scene;
    const image = seedImage(registry.repository('base'), { layers, compression: 'gzip' }, '1');
    const source = `docker://${registry.host}/base:1`;
    expect(
      await pushTo(scene, `--creds=${USER}:${PASSWORD}`, source, scene.destination),
    ).toMatchObject({
      code: 0,
    });
    expect(essenceIn(scene.repository, '1')).toEqual(essenceOf(image));
    expect(uploads(registry)).toEqual([]);
  });

  test('to the same name changes nothing', async () => {
    await using scene = await openScene();
    seedImage(scene.repository, { layers, compression: 'gzip' }, '1');
    const run = await pushTo(scene, `docker://${scene.destination}`, scene.destination);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    const methods = new Set(scene.registry.requests.map(({ method }) => method));
    expect([...methods].toSorted()).toEqual(['GET', 'HEAD']);
  });

  test.each(['none', 'gzip'] as const)('to another registry copies (%s)', async (compression) => {
    await using scene = await openScene();
    const other = await openOther();
    const image = seedImage(other.repository('base'), { layers, compression }, '1');
    const run = await pushTo(scene, `docker://${other.host}/base:1`, scene.destination);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect(essenceIn(scene.repository, '1')).toEqual(essenceOf(image));
    expect(readings(other)).toEqual([1, 1, 1, 1]);
  });

  test('goes on where the connection broke', async () => {
    await using scene = await openScene();
    const on = { method: 'GET', path: /\/blobs\//, nth: 4, times: 3 };
    const faults = [{ on, do: { resetAfterBytes: 7 } }];
    const other = await openOther({ faults });
    const image = seedImage(other.repository('base'), { layers, compression: 'gzip' }, '1');
    const run = await pushTo(scene, `docker://${other.host}/base:1`, scene.destination);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect(other.unfired()).toEqual([]);
    expect(essenceIn(scene.repository, '1')).toEqual(essenceOf(image));
  });

  test.each<readonly [what: string, name: string, error: RegExp]>([
    ['an unknown tag', 'base:2', /reading manifest 2 in .*manifest unknown/],
    ['an unknown repository', 'nobody:1', /reading manifest 1 in/],
    ['a lost blob', 'lost:1', /sha256:[0-9a-f]{64}.*blob unknown/],
  ])('of %s ends with one error', async (_, name, error) => {
    await using scene = await openScene();
    seedImage(scene.registry.repository('base'), { layers }, '1');
    const lost = scene.registry.repository('lost');
    const { config } = seedImage(lost, { layers, compression: 'gzip' }, '1');
    lost.removeBlob(config.descriptor.digest);
    const run = await pushTo(scene, `docker://${scene.registry.host}/${name}`, scene.destination);
    expect(await aftermathOf(scene, run)).toEqual({
      ...CLEAR_FAILURE,
      error: expect.stringMatching(error),
    });
  });
});

describe('a list from a registry', () => {
  const HOST = hostPlatform(process.platform, process.arch);
  const OTHER = { os: 'linux', architecture: 's390x' };

  /** A list whose second image is for this machine. */
  function seedList(repository: Repository, format: 'oci' | 'docker') {
    const made = makeIndex({
      format,
      images: [
        { layers: layers.slice(0, 1), compression: 'gzip', platform: OTHER },
        { layers: layers.slice(0, 2), compression: 'gzip', platform: HOST },
      ],
    });
    for (const { bytes } of made.images.flatMap(blobsOf)) repository.addBlob(bytes);
    for (const { manifest } of made.images) seedManifest(repository, manifest);
    seedManifest(repository, made.index, 'list');
    return made;
  }

  test.each([
    ['oci', OCI_INDEX],
    ['docker', DOCKER_LIST],
  ] as const)('arrives whole at other places (%s)', async (format, mediaType) => {
    await using scene = await openScene();
    const other = await openOther();
    const { index, images } = seedList(other.repository('base'), format);
    const places = [
      scene.destination,
      'dir:directory',
      ...(format === 'oci' ? ['oci:layout'] : []),
    ];
    const run = await pushTo(scene, `docker://${other.host}/base:list`, ...places);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    const { digest } = index.descriptor;
    expect(scene.repository.manifest('1')).toEqual({ mediaType, bytes: Buffer.from(index.bytes) });
    for (const image of images) {
      const instance = image.manifest.descriptor.digest;
      expect(essenceIn(scene.repository, instance)).toEqual(essenceOf(image));
    }
    for (const place of places.slice(1)) {
      expect(await imageAt(inHome(scene, place))).toBe(digest);
    }
    expect(await scene.digestFile()).toBe(digest);
  });

  test.each(['oci', 'docker'] as const)(
    'gives a docker-archive the image for this machine (%s)',
    async (format) => {
      await using scene = await openScene();
      const { images } = seedList(scene.registry.repository('base'), format);
      const source = `docker://${scene.registry.host}/base:list`;
      const run = await pushTo(scene, source, 'docker-archive:docker.tar', scene.destination);
      expect(run).toMatchObject({ code: 0, stdout: '' });
      const [, wanted] = images;
      const { diffIDs } = await essenceAt(inHome(scene, 'docker-archive:docker.tar'));
      expect(diffIDs).toEqual(wanted?.layers.map(({ diffID }) => diffID));
      expect(scene.repository.manifest('1')?.mediaType).toBe(
        format === 'oci' ? OCI_INDEX : DOCKER_LIST,
      );
    },
  );
});

describe('an image of one format', () => {
  test.each<readonly [format: 'oci' | 'docker', place: string, mediaType: string]>([
    ['docker', 'oci:out', OCI_MANIFEST],
    ['docker', 'oci-archive:out', OCI_MANIFEST],
    ['docker', 'dir:out', DOCKER_MANIFEST],
    ['oci', 'docker-archive:out', DOCKER_MANIFEST],
    ['oci', 'dir:out', OCI_MANIFEST],
  ])('(%s) at %s is %s', async (format, place, mediaType) => {
    await using scene = await openScene();
    const repository = scene.registry.repository('base');
    for (const compression of ['none', 'gzip'] as const) {
      const { layers: made } = seedImage(repository, { layers, format, compression }, compression);
      const source = `docker://${scene.registry.host}/base:${compression}`;
      const to = place.replace('out', compression);
      expect(await pushTo(scene, source, to)).toMatchObject({ code: 0, stdout: '' });
      expect(await essenceAt(inHome(scene, to))).toMatchObject({
        mediaType,
        diffIDs: made.map(({ diffID }) => diffID),
      });
    }
  });
});

describe('what cannot be', () => {
  test.each<readonly [source: string, destinations: readonly string[], error: RegExp]>([
    ['oci:image', ['containers-storage:x'], /skopeo or podman/],
    ['oci:image', ['oci:layout', 'containers-storage:X'], /lowercase/],
    ['docker-daemon:x:1', ['dir:directory'], /docker-daemon/],
    ['docker:example.com/x', ['dir:directory'], /does not start with \/\//],
    ['oci:image', ['oci:layout', 'docker:example.com/x'], /does not start with \/\//],
    ['oci:image', ['oci:layout', 'dir:'], /\S/],
    ['oci:image', ['oci:layout', 'UPPER/x'], /\S/],
    ['nosuch', [], /nosuch/],
    ['nosuch', ['dir:directory'], /nosuch/],
    ['containers-storage:nosuch', ['dir:directory'], /nosuch/],
    ['nosuch:image', ['dir:directory'], /nosuch:image/],
  ])('%s to %j ends with one clear error', async (source, destinations, error) => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers });
    const env = {
      PATH: '/nowhere',
      XDG_RUNTIME_DIR: scene.path('run'),
      DOCKER_HOST: 'unix:///nowhere',
    };
    const flags = ['--retry=0', '--digestfile', scene.path('digest')];
    const run = await scene.home.run(['push', ...flags, source, ...destinations], { env });
    expect(await aftermathOf(scene, run)).toEqual({
      ...CLEAR_FAILURE,
      error: expect.stringMatching(error),
    });
    // Nothing was done before what is wrong was found.
    expect((await readdir(scene.path('.'))).toSorted()).toEqual(['image']);
  });
});
