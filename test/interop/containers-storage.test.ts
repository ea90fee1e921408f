/** What buildah, podman and skopeo keep in their storage, read by us. */
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestHex, digestOf, verified, type Digest } from '../../src/image/digest.ts';
import { parseImageConfig } from '../../src/image/image-config.ts';
import { parseList } from '../../src/image/list.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { OCI_INDEX } from '../../src/image/media-types.ts';
import { collect, MIB } from '../../src/io/bytes.ts';
import {
  parseContainersStorageReference,
  storageNameReference,
} from '../../src/transports/containers-storage/reference.ts';
import type { ImageSource, RawManifest } from '../../src/transports/transport.ts';
import { makeLayer, noise, writeOciArchive, writeOciLayout } from '../support/make-image.ts';
import { requirePeers } from '../support/peers.ts';
import { pushedImage } from '../support/pushed-image.ts';
import { bytesOf } from '../support/streams.ts';
import { tarOf } from '../support/tar.ts';
import { startRegistry } from '../support/registry/registry.ts';
import { makeContext } from '../support/transport-context.ts';
import {
  canBeRootless,
  makeStorageHome,
  type StorageHome,
  type StorageUser,
} from './storage-home.ts';

const TAGS = ['1', '2', '3', '4'];
const BUILD = join(import.meta.dirname, 'tricky-image.sh');

const hasPeers = requirePeers('buildah', 'podman', 'skopeo');
const isRoot = process.getuid?.() === 0;

/** Opens an image in this process. */
function open({ path }: StorageHome, name: string): Promise<ImageSource> {
  const environment = { CONTAINERS_STORAGE_CONF: join(path, 'storage.conf'), HOME: path };
  const reference = name.startsWith('containers-storage:')
    ? parseContainersStorageReference(name.replace(/^[a-z-]+:/, ''))
    : storageNameReference(name);
  return reference.openSource({ ...makeContext(), environment });
}

/** The diff IDs that the config names, after all layers have turned out to have them. */
async function checkLayers(
  source: ImageSource,
  { bytes, mediaType }: RawManifest,
): Promise<readonly Digest[]> {
  const { config, layers } = parseImageManifest(bytes, mediaType);
  for (const layer of layers) {
    for await (const chunk of verified(source.getBlob(layer), layer))
      expect(chunk.length).toBeGreaterThan(0);
  }
  const content = await collect(verified(source.getBlob(config), config), MIB, 'config');
  const { diffIDs } = parseImageConfig(content);
  expect(layers.map(({ digest }) => digest)).toEqual(diffIDs);
  return diffIDs;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

/** The manifest that skopeo makes of the same image, where it may keep layers as they are. */
async function skopeoManifest(home: StorageHome, name: string): Promise<string> {
  const copy = join(home.path, `copy-${Math.random()}`);
  await home.run('skopeo', 'copy', '--quiet', `containers-storage:${name}`, `dir:${copy}`);
  return readFile(join(copy, 'manifest.json'), 'utf8');
}

describe.runIf(hasPeers && isRoot).each(['overlay', 'vfs'] as const)(
  'storage of root with %s',
  (driver) => {
    let home: StorageHome;

    beforeAll(async () => {
      home = await makeStorageHome(driver, 'root');
      await home.run('sh', BUILD, 'localhost/tricky');
    });
    afterAll(() => home[Symbol.asyncDispose]());

    test.each(TAGS)('has all of what buildah made, in image %s', async (tag) => {
      const name = `localhost/tricky:${tag}`;
      await using source = await open(home, `containers-storage:${name}`);
      const manifest = await source.getManifest();
      const diffIDs = await checkLayers(source, manifest);
      expect(diffIDs).toHaveLength(Number(tag));
      expect(textOf(manifest.bytes)).toBe(await skopeoManifest(home, name));
    });

    test('finds what podman finds', async () => {
      const inspect = async (name: string, format: string): Promise<string> => {
        const line = await home.run('podman', 'image', 'inspect', '--format', format, name);
        return line.trim();
      };
      const id = await inspect('tricky:4', '{{.Id}}');
      const digest = await inspect('tricky:4', '{{.Digest}}');
      const names = [
        'tricky:4',
        'localhost/tricky:4',
        id,
        `sha256:${id}`,
        id.slice(0, 5),
        `localhost/tricky@${digest}`,
        `tricky@${digest}`,
        `tricky:1@${digest}`,
      ];
      for (const name of names) {
        expect(await inspect(name, '{{.Digest}}')).toBe(digest);
        await using source = await open(home, name);
        expect((await source.getManifest()).digest).toBe(digest);
      }
      for (const name of ['tricky', 'ricky:4', 'docker.io/library/tricky:4', 'zzz']) {
        await expect(inspect(name, '{{.Id}}')).rejects.toThrow('not known');
        await expect(open(home, name)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
      }
    });

    test('has the layers that came compressed, plain', async () => {
      const layers = [
        await makeLayer({ 'a/': '', 'a/file': noise(300_000) }),
        await makeLayer({ 'a/.wh.file': '', b: 'b' }),
      ];
      const layout = join(home.path, `layout-${driver}`);
      await writeOciLayout(layout, { layers, compression: 'gzip', tag: '1' });
      await home.run(
        'skopeo',
        'copy',
        '--quiet',
        `oci:${layout}:1`,
        'containers-storage:localhost/gzip:1',
      );
      await using source = await open(home, 'gzip:1');
      const manifest = await source.getManifest();
      await checkLayers(source, manifest);
      const expected = await skopeoManifest(home, 'localhost/gzip:1');
      expect(Buffer.from(manifest.bytes).toString()).toBe(Buffer.from(expected).toString());
    });

    test('has lists, and their instances', async () => {
      await home.run('podman', 'manifest', 'create', 'localhost/list:1');
      for (const tag of ['1', '4']) {
        const image = `containers-storage:localhost/tricky:${tag}`;
        await home.run('podman', 'manifest', 'add', 'localhost/list:1', image);
      }
      await using source = await open(home, 'list:1');
      const { bytes, mediaType } = await source.getManifest();
      expect(mediaType).toBe(OCI_INDEX);
      const { instances } = parseList(bytes, mediaType);
      expect(instances).toHaveLength(2);
      for (const instance of instances) {
        const manifest = await source.getManifest(instance);
        expect(manifest.digest).toBe(instance.digest);
        await checkLayers(source, manifest);
      }
    });

    test('has artifacts of lists, as podman pushes them', async () => {
      await writeFile(join(home.path, 'a file'), 'content');
      await home.run('podman', 'manifest', 'create', 'localhost/with-artifact:1');
      const add = ['manifest', 'add', '--artifact', '--artifact-type', 'application/x-example'];
      await home.run('podman', ...add, 'localhost/with-artifact:1', join(home.path, 'a file'));
      const [theirs, ours] = ['theirs', 'ours'].map((who) => join(home.path, `artifact-${who}`));
      const push = ['manifest', 'push', '--quiet', 'localhost/with-artifact:1'];
      await home.run('podman', ...push, `dir:${theirs}`);
      await home.run('ocipush', ...push, `dir:${ours}`);
      const names = await readdir(theirs ?? '');
      expect(names).toHaveLength(5);
      expect(await readdir(ours ?? '')).toEqual(names);
      for (const name of names) {
        const [one, other] = [theirs, ours].map((at) => readFile(join(at ?? '', name)));
        expect(await other).toEqual(await one);
      }
    });

    test('has lists of what is not in the storage', async () => {
      const layout = join(home.path, 'elsewhere');
      const { manifest, layers } = await writeOciLayout(layout, {
        layers: [await makeLayer({ 'a/file': 'text' })],
        tag: '1',
      });
      await home.run('podman', 'manifest', 'create', 'localhost/distant:1');
      await home.run('podman', 'manifest', 'add', 'localhost/distant:1', `oci:${layout}:1`);
      await using source = await open(home, 'distant:1');
      const { descriptor } = manifest;
      expect((await source.getManifest(descriptor)).bytes).toEqual(Buffer.from(manifest.bytes));
      for (const layer of layers) {
        const bytes = await bytesOf(source.getBlob(layer.descriptor));
        expect(Buffer.compare(bytes, layer.bytes)).toBe(0);
      }
    });
  },
);

describe.runIf(requirePeers('podman-12') && isRoot)('storage of podman 4', () => {
  test('has images, and lists of them', async () => {
    await using home = await makeStorageHome('overlay', 'root', 'host');
    const archive = join(home.path, 'archive.tar');
    const image = await writeOciArchive(archive, {
      layers: [await makeLayer({ 'a/': '', 'a/file': noise(300_000) })],
      compression: 'gzip',
      tag: 'localhost/old:1',
    });
    await home.run('podman', 'load', '--quiet', '--input', archive);
    await home.run('podman', 'manifest', 'create', 'localhost/old-list:1');
    const stored = 'containers-storage:localhost/old:1';
    await home.run('podman', 'manifest', 'add', 'localhost/old-list:1', stored);
    await using source = await open(home, 'old:1');
    const diffIDs = await checkLayers(source, await source.getManifest());
    expect(diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
    await using list = await open(home, 'old-list:1');
    const { bytes, mediaType } = await list.getManifest();
    const [instance] = parseList(bytes, mediaType).instances;
    expect(await checkLayers(list, await list.getManifest(instance))).toEqual(diffIDs);
  });
});

describe.runIf(hasPeers && isRoot)('images kept apart', () => {
  const layer = makeLayer({ 'a/': '', 'a/file': noise(300_000) });

  test('from containers, in an image store', async () => {
    await using home = await makeStorageHome('overlay', 'root');
    const archive = join(home.path, 'archive.tar');
    await writeOciArchive(archive, { layers: [await layer], compression: 'gzip', tag: 'apart:1' });
    const images = join(home.path, 'images');
    await home.run('podman', '--imagestore', images, 'load', '--quiet', '--input', archive);
    await appendFile(join(home.path, 'storage.conf'), `imagestore = "${images}"\n`);
    await using source = await open(home, 'apart:1');
    expect(await checkLayers(source, await source.getManifest())).toHaveLength(1);
  });

  test('for several users, in an additional store', async () => {
    await using home = await makeStorageHome('overlay', 'root');
    await using shared = await makeStorageHome('overlay', 'root');
    const layout = join(shared.path, 'layout');
    await writeOciLayout(layout, { layers: [await layer], tag: '1' });
    await shared.run('skopeo', 'copy', '--quiet', `oci:${layout}:1`, 'containers-storage:shared:1');
    const conf = `[storage.options]\nadditionalimagestores = ["${shared.graphRoot}"]\n`;
    await appendFile(join(home.path, 'storage.conf'), conf);
    await using source = await open(home, 'shared:1');
    expect(await checkLayers(source, await source.getManifest())).toHaveLength(1);
  });
});

describe.runIf(hasPeers && isRoot)('a layer whose names lead out of it', () => {
  const members = [
    { name: 'etc/', type: 'directory' },
    { name: 'absolute', type: 'symlink', linkname: '/etc' },
    { name: 'absolute/below', content: 'below' },
    { name: '../../../../../../../../tmp/above', content: 'above' },
    { name: './././dotted', content: 'dotted' },
  ] as const;

  test('is rebuilt from what was unpacked inside of it', async () => {
    await using home = await makeStorageHome('overlay', 'root');
    const layout = join(home.path, 'layout');
    await writeOciLayout(layout, { layers: [await tarOf(members)], tag: '1' });
    const name = 'containers-storage:localhost/hostile:1';
    await home.run('skopeo', 'copy', '--quiet', `oci:${layout}:1`, name);
    // The reference opens the files of the machine instead.
    await expect(skopeoManifest(home, 'localhost/hostile:1')).rejects.toThrow('no such file');
    await using source = await open(home, name);
    expect(await checkLayers(source, await source.getManifest())).toHaveLength(1);
  });
});

const ROOTLESS: readonly (readonly [StorageUser, 'overlay' | 'vfs'])[] = [
  ['rootless', 'overlay'],
  ['rootless', 'vfs'],
];
const USERS = [['root', 'overlay'] as const, ...(canBeRootless() ? ROOTLESS : [])];

describe.runIf(hasPeers && isRoot).each(USERS)('a push by %s from %s', (user, driver) => {
  test('brings the layers that the image names', async () => {
    await using home = await makeStorageHome(driver, user);
    await using registry = await startRegistry();
    const build = ['sh', BUILD, 'localhost/tricky'];
    await (user === 'root'
      ? home.run('sh', ...build.slice(1))
      : home.run('buildah', 'unshare', ...build));
    const id = await home.run('podman', 'image', 'inspect', '--format', '{{.Id}}', 'tricky:4');
    await home.run(
      'ocipush',
      'push',
      '--tls-verify=false',
      'tricky:4',
      `${registry.host}/team/tricky:4`,
    );
    const pushed = pushedImage(registry.repository('team/tricky'), '4');
    const { diffIDs } = parseImageConfig(pushed.config);
    expect(pushed.diffIDs).toEqual(diffIDs);
    expect(diffIDs).toHaveLength(4);
    expect(digestHex(digestOf(pushed.config))).toBe(id.trim());
  });
});
