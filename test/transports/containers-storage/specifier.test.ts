import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StorageConf } from '../../../src/config/storage-conf.ts';
import { warnNobody } from '../../../src/config/warn.ts';
import {
  specifiedStorage,
  splitSpecifier,
} from '../../../src/transports/containers-storage/specifier.ts';
import { temporaryDirectory } from '../../support/scratch.ts';

describe('splitSpecifier', () => {
  test('leaves alone what has none', () => {
    expect(splitSpecifier('busybox')).toEqual({ specifier: undefined, rest: 'busybox' });
  });

  test.each([
    ['[overlay@/g+/r]', { driver: 'overlay', graphRoot: '/g', runRoot: '/r' }],
    ['[overlay2@/g]', { driver: 'overlay', graphRoot: '/g' }],
    [
      '[vfs@/g+/r:a=b,vfs.imagestore=/i]',
      { driver: 'vfs', graphRoot: '/g', runRoot: '/r', options: ['a=b', 'vfs.imagestore=/i'] },
    ],
    ['[/g]', { graphRoot: '/g' }],
    ['[overlay@+/r]', { driver: 'overlay', runRoot: '/r' }],
    ['[/g:]', { graphRoot: '/g' }],
  ])('%s', (text, specifier) => {
    expect(splitSpecifier(`${text}@abc`)).toEqual({
      specifier: { text, options: [], ...specifier },
      rest: '@abc',
    });
  });

  test.each(['[overlay@/g', '[]x', '[@/g]x', '[overlay@]x', '[g]x', '[overlay@g]x', '[/g+r]x'])(
    'refuses %s',
    (text) => {
      expect(() => splitSpecifier(text)).toThrow(
        expect.objectContaining({ code: 'REFERENCE_INVALID' }),
      );
    },
  );
});

describe('specifiedStorage', () => {
  async function conf(text: string): Promise<StorageConf> {
    const directory = await temporaryDirectory();
    const path = join(directory, 'storage.conf');
    await writeFile(path, '[storage]\ndriver = "vfs"\ngraphroot = "/c"\nimagestore = "/s"\n');
    const environment = { CONTAINERS_STORAGE_CONF: path, _CONTAINERS_ROOTLESS_UID: '0' };
    return specifiedStorage(splitSpecifier(text).specifier, { environment, warn: warnNobody });
  }

  test.each([
    ['x', { driver: 'vfs', graphRoot: '/c', imageStore: '/s' }],
    ['[overlay@/g+/r]x', { driver: 'overlay', graphRoot: '/g', imageStore: undefined }],
    ['[/g]x', { driver: undefined, graphRoot: '/g', imageStore: undefined }],
    ['[overlay@+/r]x', { driver: 'overlay', graphRoot: '/c', imageStore: '/s' }],
  ])('of %s', async (text, expected) => {
    expect(await conf(text)).toEqual({ ...expected, additionalImageStores: [] });
  });

  test('has the image stores among the options', async () => {
    const { additionalImageStores } = await conf(
      '[/g:a=b,overlay.additionalimagestore=/i,.imagestore=/j]x',
    );
    expect(additionalImageStores).toEqual(['/i', '/j']);
  });
});
