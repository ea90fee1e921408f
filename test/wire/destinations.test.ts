/** One push to several places: each has the whole image, or fails alone. */
import { rm } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { digestHex } from '../../src/image/digest.ts';
import {
  essenceAt,
  essenceIn,
  essenceOf,
  inHome,
  pushTo,
  readings,
  seedImage,
  type Essence,
} from '../support/image-essence.ts';
import { makeLayer, noise, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { Fault, FaultAction, FaultTarget } from '../support/registry/faults.ts';
import { startRegistry } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';

let layers: readonly Uint8Array[] = [];

beforeAll(async () => {
  const small = await makeLayer({ 'etc/': '', 'etc/motd': 'Hello' });
  const big = await makeLayer({ random: noise(200_000), zeros: Buffer.alloc(1_000_000) });
  layers = [small, big, await makeLayer({ more: noise(70_000) }), small];
});

function errorsOf({ stderr }: Run): readonly string[] {
  return stderr.split('\n').filter((line) => line.startsWith('Error: '));
}

describe('a push to several destinations', () => {
  const LOCAL = [
    'oci:layout:1',
    'oci-archive:oci.tar',
    'dir:directory',
    'docker-archive:docker.tar',
  ];

  async function expectLocally(scene: Scene, essence: Essence): Promise<void> {
    for (const place of LOCAL) {
      expect(await essenceAt(inHome(scene, place))).toMatchObject(essence);
    }
  }

  test.each([
    ['none', '--jobs=6'],
    ['none', '--jobs=1'],
    ['gzip', '--jobs=6'],
    ['gzip', '--jobs=1'],
  ] as const)('brings all of the image to each of them (%s, %s)', async (compression, jobs) => {
    await using scene = await openScene();
    await using other = await startRegistry();
    const image = await writeOciLayout(scene.path('image'), { layers, compression });
    const registries = [
      scene.destination,
      `docker://${scene.registry.host}/team/copy:2`,
      `${other.host}/team/app:3`,
    ];
    const run = await pushTo(scene, 'oci:image', jobs, ...registries, ...LOCAL);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    const essence = essenceOf(image);
    expect(essenceIn(scene.repository, '1')).toEqual(essence);
    expect(essenceIn(scene.registry.repository('team/copy'), '2')).toEqual(essence);
    expect(essenceIn(other.repository('team/app'), '3')).toEqual(essence);
    await expectLocally(scene, essence);
    expect(await scene.digestFile()).toBe(pushedImage(scene.repository, '1').digest);
  });

  test.each<readonly [compression: 'none' | 'gzip', local: readonly string[], times: number]>([
    ['gzip', LOCAL.slice(0, 3), 1], // all as they are
    ['none', LOCAL.slice(0, 2), 1], // all compressed
    ['none', LOCAL, 2], // compressed, and as they are
    ['gzip', LOCAL, 2], // as they are, and plain
  ])('reads each blob once for each form (%s, %j)', async (compression, local, times) => {
    await using scene = await openScene();
    await using from = await startRegistry();
    await using other = await startRegistry();
    const image = seedImage(from.repository('base'), { layers, compression }, '1');
    const destinations = [scene.destination, `${other.host}/x`, ...local];
    const run = await pushTo(scene, `docker://${from.host}/base:1`, ...destinations);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect(essenceIn(scene.repository, '1')).toEqual(essenceOf(image));
    expect(essenceIn(other.repository('x'), 'latest')).toEqual(essenceOf(image));
    // Three layers, for one is there twice, and the config.
    expect(readings(from)).toEqual([times, times, times, times]);
  });

  test('is told about as one push', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers });
    const alone = await pushTo(scene, 'oci:image', 'dir:alone');
    const run = await pushTo(scene, 'oci:image', 'dir:one', 'dir:two');
    expect({ ...run, stderr: told(run) }).toEqual({ ...alone, code: 0, stderr: told(alone) });

    /** In whatever order, and however long it took. */
    function told({ stderr }: Run): readonly string[] {
      const lines = stderr.split('\n').map((line) => line.replace(/(?<=^Copied \w+ \S+:).*/, ''));
      return lines.toSorted();
    }
  });

  test('warns where the digests differ', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers });
    const run = await pushTo(scene, 'oci:image', scene.destination, 'dir:directory');
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/level=warning msg="--digestfile has the digest at docker:/);
    expect(await scene.digestFile()).toBe(pushedImage(scene.repository, '1').digest);
  });
});

describe.concurrent('a destination that fails leaves the others', () => {
  const BLOB = /\/blobs\//;
  const always = (on: FaultTarget, fault: FaultAction): Fault => ({
    on: { times: Infinity, ...on },
    do: fault,
  });

  async function expectOthersWhole(scene: Scene, image: MadeImage): Promise<void> {
    expect(essenceIn(scene.repository, '1')).toEqual(essenceOf(image));
    const layout = await essenceAt(inHome(scene, 'oci:layout'));
    expect(layout).toMatchObject(essenceOf(image));
    expect(await scene.digestFile()).toBeUndefined();
  }

  describe.each([
    ['first', '--jobs=6'],
    ['last', '--jobs=1'],
  ])('as the %s (%s)', (position, jobs) => {
    test.each<readonly [what: string, compression: 'none' | 'gzip', fault: Fault]>([
      ['any upload', 'gzip', always({ method: 'POST' }, { status: 403 })],
      ['a later upload', 'gzip', always({ method: 'POST', nth: 3 }, { status: 403 })],
      ['a blob', 'gzip', always({ method: 'PUT', path: BLOB }, { status: 403 })],
      [
        'a blob at once',
        'gzip',
        always({ method: 'PUT', path: BLOB }, { status: 403, early: true }),
      ],
      ['a stream', 'none', always({ method: 'PATCH' }, { status: 403 })],
      ['a stream at once', 'none', always({ method: 'PATCH' }, { status: 403, early: true })],
      ['the manifest', 'gzip', always({ method: 'PUT', path: /manifests/ }, { status: 403 })],
      ['a connection', 'none', always({ method: 'PATCH', nth: 2 }, { resetAfterBytes: 50_000 })],
    ])('a registry that refuses %s (%s)', async (_, compression, fault) => {
      await using scene = await openScene();
      await using other = await startRegistry({ faults: [fault] });
      const image = await writeOciLayout(scene.path('image'), { layers, compression });
      const faulty = `${other.host}/x:1`;
      const good = [scene.destination, 'oci:layout'];
      const all = position === 'first' ? [faulty, ...good] : [...good, faulty];
      const run = await pushTo(scene, 'oci:image', jobs, ...all);
      expect(run).toMatchObject({ code: 125, stdout: '' });
      expect(errorsOf(run)).toEqual([
        expect.stringMatching(`^Error: pushing to docker://${faulty}: `),
      ]);
      await expectOthersWhole(scene, image);
      expect(other.repository('x').manifests.size).toBe(0);
    });

    test.each([
      'oci:nowhere/layout',
      'oci-archive:nowhere/archive.tar',
      'dir:nowhere/directory',
      'dir:image', // holds a layout
      'docker-archive:image/index.json', // has something in it
      'docker-archive:/dev/full',
      'oci-archive:/dev/full',
    ])('%s', async (faulty) => {
      await using scene = await openScene();
      const image = await writeOciLayout(scene.path('image'), { layers });
      const good = [scene.destination, 'oci:layout'];
      const all = position === 'first' ? [faulty, ...good] : [...good, faulty];
      const run = await pushTo(scene, 'oci:image', jobs, ...all);
      expect(run).toMatchObject({ code: 125, stdout: '' });
      expect(errorsOf(run)).toEqual([expect.stringMatching(`^Error: pushing to ${faulty}`)]);
      await expectOthersWhole(scene, image);
    });
  });

  test('and every one that fails is told', async () => {
    await using scene = await openScene();
    const image = await writeOciLayout(scene.path('image'), { layers });
    const faulty = ['oci:nowhere/layout', 'dir:nowhere/directory'];
    const [first = '', second = ''] = faulty;
    const run = await pushTo(scene, 'oci:image', first, scene.destination, second, 'oci:layout');
    expect(run).toMatchObject({ code: 125, stdout: '' });
    expect(errorsOf(run)).toEqual(
      faulty.map((place) => expect.stringMatching(`^Error: pushing to ${place}`) as string),
    );
    await expectOthersWhole(scene, image);
  });

  test('but a source that fails fails for all', async () => {
    await using scene = await openScene();
    const image = await writeOciLayout(scene.path('image'), { layers });
    await rm(scene.path(`image/blobs/sha256/${digestHex(image.config.descriptor.digest)}`));
    const run = await pushTo(scene, 'oci:image', scene.destination, 'oci:layout');
    expect(run).toMatchObject({ code: 125, stdout: '' });
    expect(errorsOf(run)).toHaveLength(2);
    expect(scene.repository.manifests.size).toBe(0);
    expect(await scene.digestFile()).toBeUndefined();
  });
});
