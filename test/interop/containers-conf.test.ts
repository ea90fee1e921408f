/** One containers.conf for podman and ocipush: the same files make the same of a push. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { parseList } from '../../src/image/list.ts';
import { OCI_INDEX } from '../../src/image/media-types.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { requirePeers } from '../support/peers.ts';
import { makeStorageHome, type StorageHome } from './storage-home.ts';

const IMAGE = 'localhost/app:1';
const ZSTD = 'compression_format = "zstd"';
const GZIP = 'compression_format = "gzip"';

interface Settings {
  /** Bodies of `[engine]` by file; those below `config` are the user's. */
  readonly files: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

describe.runIf(requirePeers('podman', 'skopeo') && process.getuid?.() === 0)(
  'podman and ocipush',
  () => {
    let home: StorageHome;
    let pushes = 0;

    beforeAll(async () => {
      home = await makeStorageHome('overlay', 'root');
      const layers = [await makeLayer({ a: '1' }), await makeLayer({ b: '2' })];
      await writeOciLayout(join(home.path, 'image'), { layers });
      await home.run('skopeo', 'copy', `oci:${home.path}/image`, `containers-storage:${IMAGE}`);
    });
    afterAll(() => home[Symbol.asyncDispose]());

    /** Pushes to a layout, and tells the types of the layers that are in it then. */
    async function push(program: string, { files, env = {}, flags = [] }: Settings) {
      pushes += 1;
      const place = join(home.path, `push-${pushes}`);
      await mkdir(place);
      for (const [file, engine] of Object.entries(files)) {
        await mkdir(dirname(join(place, file)), { recursive: true });
        await writeFile(join(place, file), `[engine]\n${engine}\n`);
      }
      const variables = Object.entries({ CONTAINERS_CONF: '', XDG_CONFIG_HOME: 'config', ...env });
      const assigned = variables.map(([name, path]) => `${name}=${path && join(place, path)}`);
      const line = [program, 'push', ...flags, IMAGE, `oci:${place}/out:1`];
      await home.run('env', ...assigned, ...line);
      return layerTypes(join(place, 'out'));
    }

    test.each<[what: string, settings: Settings, type: string]>([
      ['nothing', { files: {} }, 'gzip'],
      ['the user', { files: { 'config/containers/containers.conf': ZSTD } }, 'zstd'],
      [
        'a drop-in over the user',
        {
          files: {
            'config/containers/containers.conf': ZSTD,
            'config/containers/containers.conf.d/a.conf': GZIP,
          },
        },
        'gzip',
      ],
      [
        'the last drop-in',
        {
          files: {
            'config/containers/containers.conf.d/b.conf': ZSTD,
            'config/containers/containers.conf.d/a.conf': GZIP,
          },
        },
        'zstd',
      ],
      [
        'CONTAINERS_CONF alone',
        {
          files: { 'config/containers/containers.conf': ZSTD, named: 'retry = 1' },
          env: { CONTAINERS_CONF: 'named' },
        },
        'gzip',
      ],
      [
        'CONTAINERS_CONF_OVERRIDE over all',
        {
          files: { 'config/containers/containers.conf.d/a.conf': GZIP, last: ZSTD },
          env: { CONTAINERS_CONF_OVERRIDE: 'last' },
        },
        'zstd',
      ],
      [
        'a flag over all',
        {
          files: { 'config/containers/containers.conf': ZSTD },
          flags: ['--compression-format=gzip'],
        },
        'gzip',
      ],
    ])('obey %s', async (_, settings, type) => {
      const expected = Array.from(
        { length: 2 },
        () => `application/vnd.oci.image.layer.v1.tar+${type}`,
      );
      expect(await push('podman', settings)).toEqual(expected);
      expect(await push('ocipush', settings)).toEqual(expected);
    });

    test('refuse a format that there is not', async () => {
      const settings = {
        files: { 'config/containers/containers.conf': 'compression_format = "lz"' },
      };
      for (const program of ['podman', 'ocipush']) {
        await expect(push(program, settings)).rejects.toThrow('cannot find compressor for "lz"');
      }
    });
  },
);

async function layerTypes(layout: string): Promise<readonly string[]> {
  const index = parseList(await readFile(join(layout, 'index.json')), OCI_INDEX);
  const [descriptor] = index.instances;
  if (descriptor === undefined) throw new Error('nothing was pushed');
  const bytes = await readFile(join(layout, 'blobs', ...descriptor.digest.split(':')));
  return parseImageManifest(bytes, descriptor.mediaType).layers.map(({ mediaType }) => mediaType);
}
