/** Images pushed into container storage, where skopeo and podman of every age put and find them. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestHex, type Digest } from '../../src/image/digest.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { makeLayer, noise, writeDir, type MadeImage } from '../support/make-image.ts';
import { requirePeers } from '../support/peers.ts';
import { policyOf } from '../support/policies.ts';
import { realImage, requireRealImage } from '../support/real-image.ts';
import {
  canBeRootless,
  makeStorageHome,
  type StorageHome,
  type StoragePrograms,
  type StorageUser,
} from './storage-home.ts';

type Driver = 'overlay' | 'vfs';
type Tool = 'skopeo' | 'podman';

interface Place {
  readonly user: StorageUser;
  readonly driver: Driver;
  readonly programs: StoragePrograms;
}

const isRoot = process.getuid?.() === 0;
const hasPeers = requirePeers('skopeo', 'podman', 'skopeo-12', 'podman-12') && isRoot;

const DRIVERS: readonly Driver[] = ['overlay', 'vfs'];
const ROOT: readonly Place[] = (['newest', 'host'] as const).flatMap((programs) =>
  DRIVERS.map((driver) => ({ user: 'root', driver, programs })),
);
/** The tools of the host come without what makes user namespaces. */
const ROOTLESS: readonly Place[] = DRIVERS.map((driver) => ({
  user: 'rootless',
  driver,
  programs: 'newest',
}));
/** For an image of which every copy takes long: each driver, and each age of the programs, once. */
const LARGE = ROOT.filter(({ driver, programs }) => (driver === 'vfs') === (programs === 'host'));
const PLACES = [...ROOT, ...(hasPeers && canBeRootless() ? ROOTLESS : [])].flatMap((place) =>
  (['skopeo', 'podman'] as const).map((tool) => ({ ...place, tool })),
);

/** All programs but skopeo, when podman is to be the tool; ours stands before them. */
const SEARCH_PATH: Readonly<Record<Tool, string>> = {
  skopeo: '',
  podman: `
    if [ ! -d podman-only ]; then
      mkdir podman-only; ln -sf /usr/bin/* /usr/sbin/* podman-only/; rm podman-only/skopeo
    fi
    PATH=$HOME/bin:$HOME/podman-only`,
};

/**
 * Runs a command with one of the tools at hand. A user has storage.conf in the usual place: podman
 * before 5.8 and skopeo do not agree about what another place means to a user.
 */
function runWith(tool: Tool, home: StorageHome, ...command: readonly string[]): Promise<string> {
  const own = 'if [ -d .config ]; then unset CONTAINERS_STORAGE_CONF; fi';
  return home.run('sh', '-ec', `${own}; ${SEARCH_PATH[tool]}\nexec "$@"`, 'sh', ...command);
}

async function makeHome({ user, driver, programs }: Place): Promise<StorageHome> {
  const home = await makeStorageHome(driver, user, programs);
  if (user === 'rootless') {
    const conf = join(home.path, 'storage.conf');
    await home.run('mkdir', '-p', join(home.path, '.config', 'containers'));
    await writeFile(join(home.path, '.config/containers/storage.conf'), await readFile(conf));
  }
  return home;
}

interface Inspection {
  readonly Id: string;
  readonly Digest: string;
  readonly RepoTags: readonly string[];
  readonly ManifestType: string;
  readonly RootFS: { readonly Layers: readonly string[] };
}

async function inspect(home: StorageHome, ...args: readonly string[]): Promise<Inspection> {
  const text = await runWith('podman', home, 'podman', ...args);
  const [found] = JSON.parse(text) as readonly [Inspection];
  return found;
}

/** The plain layers and the config that our own source finds in the storage. */
async function readBack(home: StorageHome, name: string): Promise<readonly (string | undefined)[]> {
  const copy = join(home.path, 'copy');
  await runWith('podman', home, 'ocipush', 'push', '--quiet', name, `dir:${copy}`);
  const { config, layers } = JSON.parse(
    await readFile(join(copy, 'manifest.json'), 'utf8'),
  ) as Readonly<{ config: { digest: string }; layers: readonly { digest: string }[] }>;
  return [config.digest, ...layers.map(({ digest }) => digest)];
}

async function writeImage(home: StorageHome, format: 'oci' | 'docker'): Promise<MadeImage> {
  const layers = [
    await makeLayer({ 'a/': '', 'a/file': noise(300_000), 'a/gone': 'gone' }),
    await makeLayer({ 'a/.wh.gone': '', b: 'b' }),
  ];
  // One storage keeps one digest for images of the same ID.
  const config = { author: format };
  return writeDir(join(home.path, format), { layers, compression: 'gzip', format, config });
}

function essence({ config, layers }: MadeImage): readonly Digest[] {
  return [config.descriptor.digest, ...layers.map(({ diffID }) => diffID)];
}

async function leftovers(home: StorageHome): Promise<readonly string[]> {
  return (await readdir(home.path)).filter((name) => /ocipush-|container_images/.test(name));
}

describe.runIf(hasPeers)('a push into storage', () => {
  test.each(PLACES)(
    'of $user with $driver by $tool of the $programs programs',
    async ({ tool, ...place }) => {
      await using home = await makeHome(place);
      for (const [format, type] of [
        ['oci', OCI_MANIFEST],
        ['docker', DOCKER_MANIFEST],
      ] as const) {
        const made = await writeImage(home, format);
        const name = `localhost/${format}:1`;
        const push = ['ocipush', 'push', `dir:${join(home.path, format)}`];
        const target = `containers-storage:${name}`;
        await runWith(tool, home, ...push, target, `containers-storage:${format}`);
        const [config = '', ...diffIDs] = essence(made);
        const found = await inspect(home, 'image', 'inspect', name);
        expect(found).toMatchObject({
          Id: digestHex(config as Digest),
          Digest: made.manifest.descriptor.digest,
          ManifestType: type,
          RootFS: { Layers: diffIDs },
        });
        expect(found.RepoTags.toSorted()).toEqual([`docker.io/library/${format}:latest`, name]);
        expect(await readBack(home, name)).toEqual(essence(made));
        const container = await runWith(tool, home, 'podman', 'create', name, 'command');
        const list = 'podman export "$0" | tar --list';
        const files = await runWith('podman', home, 'sh', '-ec', list, container.trim());
        expect(files.split('\n')).toEqual(expect.arrayContaining(['a/', 'a/file', 'b']));
        expect(files).not.toContain('gone');
      }
      expect(await leftovers(home)).toEqual([]);
    },
  );

  test.each(['skopeo', 'podman'] as const)('that is named itself, by %s', async (tool) => {
    await using home = await makeHome({ user: 'root', driver: 'overlay', programs: 'newest' });
    const made = await writeImage(home, 'oci');
    const [graph, run] = [join(home.path, 'graph'), join(home.path, 'other-run')];
    const storage = `[vfs@${graph}+${run}]`;
    const place = `containers-storage:${storage}localhost/x:1`;
    await runWith(tool, home, 'ocipush', 'push', `dir:${join(home.path, 'oci')}`, place);
    const options = ['--root', graph, '--runroot', run, '--storage-driver', 'vfs'];
    const found = await inspect(home, ...options, 'image', 'inspect', 'localhost/x:1');
    expect(found.Digest).toBe(made.manifest.descriptor.digest);
    expect(await readBack(home, place)).toEqual(essence(made));
  });

  test.each(['skopeo', 'podman'] as const)('without a name, by %s', async (tool) => {
    await using home = await makeHome({ user: 'root', driver: 'overlay', programs: 'newest' });
    const made = await writeImage(home, 'oci');
    const id = digestHex(made.config.descriptor.digest);
    const place = `containers-storage:@${id}`;
    await runWith(tool, home, 'ocipush', 'push', `dir:${join(home.path, 'oci')}`, place);
    const found = await inspect(home, 'image', 'inspect', id);
    expect(found).toMatchObject({ Id: id, RepoTags: [] });
  });

  test('obeys no policy for a directory of ours', async () => {
    await using home = await makeHome({ user: 'root', driver: 'overlay', programs: 'newest' });
    await writeImage(home, 'oci');
    await writeImage(home, 'docker');
    const directory = join(home.path, 'oci');
    await mkdir(join(home.path, '.config/containers'), { recursive: true });
    await writeFile(
      join(home.path, '.config/containers/policy.json'),
      policyOf({ dir: { [directory]: 'accept' } }),
    );
    const source = `dir:${directory}`;
    const other = `dir:${join(home.path, 'docker')}`;
    for (const tool of ['skopeo', 'podman'] as const) {
      const place = `containers-storage:localhost/${tool}:1`;
      const copying = home.run('skopeo', 'copy', other, place);
      await expect(copying).rejects.toThrow('rejected by policy');
      await runWith(tool, home, 'ocipush', 'push', source, place);
    }
  });

  test('of what is there already writes nothing', async () => {
    await using home = await makeHome({ user: 'root', driver: 'overlay', programs: 'newest' });
    await writeImage(home, 'docker');
    const push = ['ocipush', 'push', `dir:${join(home.path, 'docker')}`];
    const place = 'containers-storage:localhost/x:1';
    await runWith('skopeo', home, ...push, place);
    const state = join(home.graphRoot, 'overlay-images', 'images.lock');
    const before = await readFile(state, 'latin1');
    await runWith('skopeo', home, ...push, place);
    expect(await readFile(state, 'latin1')).toBe(before);
    await runWith('skopeo', home, ...push, 'containers-storage:localhost/x:2');
    expect(await readFile(state, 'latin1')).not.toBe(before);
  });
});

describe.runIf(hasPeers && requireRealImage())('a push of the real image', () => {
  test.each(LARGE)('into $driver of the $programs programs', async (place) => {
    await using home = await makeHome(place);
    const { dir, config, diffIDs, gzipManifest } = realImage();
    const source = `dir:${join(dir, 'dir-gzip')}`;
    await home.run('ocipush', 'push', '--quiet', source, 'containers-storage:localhost/real:1');
    expect(await inspect(home, 'image', 'inspect', 'localhost/real:1')).toMatchObject({
      Id: digestHex(config),
      Digest: gzipManifest,
      RootFS: { Layers: diffIDs },
    });
    expect(await readBack(home, 'localhost/real:1')).toEqual([config, ...diffIDs]);
    expect(await leftovers(home)).toEqual([]);
  });
});
