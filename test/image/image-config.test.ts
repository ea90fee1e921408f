/** Image configs: what is read from them, and what is refused. */
import { describe, expect, test } from 'vitest';
import { parseImageConfig } from '../../src/image/image-config.ts';
import { fixture } from './fixture.ts';

const DIFF_IDS = [
  'sha256:6b5be9166bab98409db09c8484ee4a8be0790f9c44542dc9eb08cc418f2fdcd1',
  'sha256:ccb1e42c1a2fde4d2e8e09d7105d6e8208c623e1cdf964686e78bb098e876b42',
];

describe('parseImageConfig', () => {
  test.each([
    ['config.json'],
    ['config-from-docker.json'],
    ['config-from-v2s1.json'],
    ['config-oci-from-v2s1.json'],
  ])('%s', (name) => {
    expect(parseImageConfig(fixture(name))).toStrictEqual({
      diffIDs: DIFF_IDS,
      platform: { architecture: 'amd64', os: 'linux' },
    });
  });

  test.each<[object, object]>([
    [
      {
        os: 'windows',
        architecture: 'arm64',
        variant: 'v8',
        'os.version': '10',
        'os.features': ['f'],
      },
      {
        os: 'windows',
        architecture: 'arm64',
        variant: 'v8',
        'os.version': '10',
        'os.features': ['f'],
      },
    ],
    [{}, { os: '', architecture: '' }],
  ])('the platform of %j', (config, platform) => {
    const bytes = Buffer.from(JSON.stringify({ ...config, rootfs: { diff_ids: null } }));
    expect(parseImageConfig(bytes)).toStrictEqual({ diffIDs: [], platform });
  });

  test.each([
    ['x'],
    ['{}'],
    ['{"rootfs":null}'],
    ['{"rootfs":{}}'],
    ['{"rootfs":{"diff_ids":["x"]}}'],
    ['{"rootfs":{"diff_ids":{}}}'],
    ['{"rootfs":{"diff_ids":[]},"rootfs":{"diff_ids":[]}}'],
    ['{"rootfs":{"diff_ids":[]},"os":1}'],
  ])('refuses %s', (json) => {
    expect(() => parseImageConfig(Buffer.from(json))).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    );
  });
});
