import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { imageStoresOf, readStorageConf } from '../../src/config/storage-conf.ts';
import { warnNobody } from '../../src/config/warn.ts';
import { temporaryDirectory, writeFiles } from './places.ts';

type Files = Readonly<Record<string, string>>;

/** What is found below a temporary root; the paths of the result are below it too. */
async function read(files: Files, environment: NodeJS.ProcessEnv = {}, uid = 1000) {
  const root = await temporaryDirectory();
  await writeFiles(root, files);
  const places = Object.entries(environment).map(([name, value = '']) => [
    name,
    value.replaceAll('ROOT', root),
  ]);
  const conf = await readStorageConf(
    { HOME: '/home/me', ...(Object.fromEntries(places) as NodeJS.ProcessEnv) },
    warnNobody,
    { uid, systemDirectories: [join(root, 'etc'), join(root, 'usr')] },
  );
  return conf;
}

const storage = (...lines: readonly string[]): string => ['[storage]', ...lines].join('\n');
const DATA = '/home/me/.local/share/containers/storage';
const ETC = storage(
  'driver="vfs"',
  'graphroot="/etc-root"',
  '[storage.options]',
  'additionalimagestores=["/more"]',
);

describe('graph root and driver', () => {
  test.each<[Files, NodeJS.ProcessEnv, number, string, string | undefined]>([
    [{}, {}, 0, '/var/lib/containers/storage', undefined],
    [{}, {}, 1000, DATA, undefined],
    [{}, { XDG_DATA_HOME: '/data' }, 1000, '/data/containers/storage', undefined],
    [{ 'etc/storage.conf': ETC }, {}, 0, '/etc-root', 'vfs'],
    [{ 'etc/storage.conf': ETC }, {}, 1000, DATA, 'vfs'], // root's place is not a user's
    [{ 'usr/storage.conf': ETC }, {}, 0, '/etc-root', 'vfs'],
    [
      { 'etc/storage.conf': storage(), 'usr/storage.conf': ETC },
      {},
      0,
      '/var/lib/containers/storage',
      undefined,
    ],
    [
      { 'etc/storage.conf': storage('rootless_storage_path="$HOME/x/$UID"') },
      {},
      1000,
      '/home/me/x/1000',
      undefined,
    ],
    [
      { 'etc/storage.conf': ETC, 'x/containers/storage.conf': storage() },
      { XDG_CONFIG_HOME: 'ROOT/x' },
      1000,
      DATA,
      undefined,
    ],
    [{ 'x/containers/storage.conf': ETC }, { XDG_CONFIG_HOME: 'ROOT/x' }, 0, '/etc-root', 'vfs'],
    [{ 'h/.config/containers/storage.conf': ETC }, { HOME: 'ROOT/h' }, 1000, '/etc-root', 'vfs'],
    [
      { 'h/.config/containers/storage.conf': ETC },
      { HOME: 'ROOT/h' },
      0,
      '/var/lib/containers/storage',
      undefined,
    ],
    [
      { 'etc/storage.conf': ETC, own: storage('graphroot="/own"') },
      { CONTAINERS_STORAGE_CONF: 'ROOT/own' },
      0,
      '/own',
      undefined,
    ],
    [{ 'etc/storage.conf': ETC }, { STORAGE_DRIVER: 'overlay2' }, 0, '/etc-root', 'overlay'],
    [{ 'etc/storage.conf': ETC }, { _CONTAINERS_ROOTLESS_UID: '1000' }, 0, DATA, 'vfs'], // podman unshare
    [
      { 'x/containers/storage.conf': storage('graphroot="/g/${A}/$B/$UID/$NONE."') },
      { XDG_CONFIG_HOME: 'ROOT/x', A: 'a', B: 'b', UID: '7' },
      1000,
      '/g/a/b/1000/.',
      undefined,
    ],
  ])('of %j with %j for user %i', async (files, environment, uid, graphRoot, driver) => {
    expect(await read(files, environment, uid)).toMatchObject({ graphRoot, driver });
  });

  test.each<[Files, number, string]>([
    [
      {
        'etc/storage.conf.d/1.conf': storage('graphroot="/1"'),
        'etc/storage.conf.d/2.conf': storage('graphroot="/2"'),
      },
      0,
      '/2',
    ],
    [
      {
        'usr/storage.conf.d/1.conf': storage('graphroot="/usr"'),
        'etc/storage.conf.d/1.conf': storage(),
      },
      0,
      '/etc-root',
    ],
    [{ 'etc/storage.conf.d/1.txt': storage('graphroot="/1"') }, 0, '/etc-root'],
    [{ 'etc/storage.rootful.conf.d/1.conf': storage('graphroot="/1"') }, 0, '/1'],
    [{ 'etc/storage.rootful.conf.d/1.conf': storage('graphroot="/1"') }, 1000, DATA],
    [{ 'etc/storage.rootless.conf.d/1.conf': storage('graphroot="/1"') }, 1000, '/1'],
  ])('with the drop-ins %j for user %i', async (files, uid, graphRoot) => {
    const conf = await read({ 'etc/storage.conf': ETC, ...files }, {}, uid);
    expect(conf.graphRoot).toBe(graphRoot);
  });

  test('an override comes last', async () => {
    const files = { a: ETC, b: storage('graphroot="/b"') };
    const environment = {
      CONTAINERS_STORAGE_CONF: 'ROOT/a',
      CONTAINERS_STORAGE_CONF_OVERRIDE: 'ROOT/b',
    };
    expect(await read(files, environment, 0)).toMatchObject({ graphRoot: '/b', driver: 'vfs' });
  });
});

describe('the graph root of a file that is not the own one of a user', () => {
  const file = storage('driver="vfs"', 'graphroot="$XDG_DATA_HOME/shared"');
  const usual = 'data/containers/storage';
  const environment = { XDG_DATA_HOME: 'ROOT/data' };
  const named = { ...environment, CONTAINERS_STORAGE_CONF: 'ROOT/etc/storage.conf' };

  test.each<[Files, string]>([
    [{}, usual],
    [{ 'data/shared/storage.lock': '' }, 'data/shared'], // podman 5.8 and later
    [{ 'data/shared/storage.lock': '', [`${usual}/storage.lock`]: '' }, usual], // before
  ])('is the one that has been used, with %j', async (files, expected) => {
    for (const each of [environment, named]) {
      const conf = await read({ 'etc/storage.conf': file, ...files }, each);
      expect(conf.graphRoot.endsWith(`/${expected}`)).toBe(true);
      expect(conf.driver).toBe('vfs');
    }
  });
});

describe('further stores', () => {
  const own = storage(
    'imagestore="$HOME/images"',
    '[storage.options]',
    'additionalimagestores=["/a","$HOME/b"]',
  );
  const environment = { CONTAINERS_STORAGE_CONF: 'ROOT/own' };

  test('are those of the file', async () => {
    expect(await read({ own }, environment)).toMatchObject({
      imageStore: '/home/me/images',
      additionalImageStores: ['/a', '/home/me/b'],
    });
    expect(await read({})).toMatchObject({ imageStore: undefined, additionalImageStores: [] });
  });

  test('STORAGE_OPTS takes the place of the additional ones', async () => {
    const options = { ...environment, STORAGE_OPTS: 'overlay.imagestore=/x,overlay.mountopt=y' };
    expect((await read({ own }, options)).additionalImageStores).toEqual(['/x']);
  });

  test.each([
    [
      ['overlay.imagestore=/a', 'vfs.imagestore=/b', '.imagestore=/c', 'additionalimagestore=/d'],
      ['/a', '/b', '/c', '/d'],
    ],
    [['', 'overlay.imagestore=', 'overlay.mount_program=/x', 'ximagestorey=/z'], []],
  ])('imageStoresOf(%j)', (options, stores) => {
    expect(imageStoresOf(options)).toEqual(stores);
  });
});

describe('a file that cannot be used is named', () => {
  test.each<[Files, NodeJS.ProcessEnv]>([
    [{}, { CONTAINERS_STORAGE_CONF: 'ROOT/missing' }],
    [{}, { CONTAINERS_STORAGE_CONF_OVERRIDE: 'ROOT/missing' }],
    [{ missing: storage('driver =') }, { CONTAINERS_STORAGE_CONF: 'ROOT/missing' }],
    [{ missing: storage('driver = 5') }, { CONTAINERS_STORAGE_CONF: 'ROOT/missing' }],
    [{ missing: 'storage = 5' }, { CONTAINERS_STORAGE_CONF: 'ROOT/missing' }],
    [
      { missing: storage('[storage.options]', 'additionalimagestores="/x"') },
      { CONTAINERS_STORAGE_CONF: 'ROOT/missing' },
    ],
    [
      { missing: storage('driver = "\xff"').replace('\xff', '\ufffd') + '\n\u0000' },
      { CONTAINERS_STORAGE_CONF: 'ROOT/missing' },
    ],
    [{ 'missing/x': '' }, { CONTAINERS_STORAGE_CONF: 'ROOT/missing' }], // a directory
  ])('%j', async (files, environment) => {
    await expect(read(files, environment)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      message: expect.stringContaining('/missing') as string,
    });
  });
});
