/** Platforms, and which instance of a list serves which. */
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { ZSTD_INSTANCE_ANNOTATION, type ImageList } from '../../src/image/list.ts';
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import {
  chooseInstance,
  formatPlatform,
  hostPlatform,
  parsePlatform,
} from '../../src/image/platform.ts';

describe('parsePlatform', () => {
  test.each([
    ['linux/amd64', { os: 'linux', architecture: 'amd64' }],
    ['linux/arm64/v8', { os: 'linux', architecture: 'arm64', variant: 'v8' }],
  ])('%s', (text, platform) => {
    expect(parsePlatform(text)).toStrictEqual(platform);
    expect(formatPlatform(parsePlatform(text))).toBe(text);
  });

  test.each([[''], ['linux'], ['linux/'], ['/amd64'], ['linux/arm/'], ['a/b/c/d'], ['linux/a b']])(
    'refuses %j',
    (text) => {
      expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

test.each([
  ['linux', 'x64', 'linux/amd64'],
  ['linux', 'arm64', 'linux/arm64/v8'],
  ['linux', 'arm', 'linux/arm'],
  ['linux', 'ppc64', 'linux/ppc64le'],
  ['linux', 's390x', 'linux/s390x'],
  ['darwin', 'arm64', 'linux/arm64/v8'],
  ['win32', 'ia32', 'linux/386'],
  ['freebsd', 'x64', 'freebsd/amd64'],
])('hostPlatform(%s, %s)', (system, machine, platform) => {
  expect(formatPlatform(hostPlatform(system, machine))).toBe(platform);
});

/** `-` has no platform; a `+` at the end marks zstd. */
function listOf(mediaType: ImageList['mediaType'], entries: string): ImageList {
  const instances = entries.split(' ').map((entry, index): Descriptor => {
    const platform = entry.replace('+', '');
    return {
      mediaType: OCI_MANIFEST,
      digest: digestOf(Buffer.from(entry + index)),
      size: index,
      ...(platform !== '-' && { platform: parsePlatform(platform) }),
      ...(entry.endsWith('+') && { annotations: { [ZSTD_INSTANCE_ANNOTATION]: 'true' } }),
    };
  });
  return { mediaType, instances };
}

describe('chooseInstance', () => {
  test.each([
    ['l/amd64 l/arm64', 'l/arm64', 1],
    ['w/amd64 l/amd64', 'l/amd64', 1],
    ['l/arm l/arm/v5 l/arm/v6 l/arm/v7 l/arm/v8', 'l/arm/v7', 3],
    ['l/arm l/arm/v5 l/arm/v6 l/arm/v8', 'l/arm/v7', 2],
    ['l/arm l/arm/v8', 'l/arm/v7', 0],
    ['l/arm/v5 l/arm/v7', 'l/arm', 1],
    ['l/arm/v8 l/arm', 'l/arm', 1],
    ['l/arm64', 'l/arm64/v8', 0],
    ['l/arm64/v8', 'l/arm64', 0],
    ['l/arm64/v9 l/arm64', 'l/arm64/v9', 0],
    ['l/arm64/v8 l/arm64', 'l/arm64/v9', 1], // a variant nobody knows has no lower ones
    ['l/amd64/v3 l/amd64/v2', 'l/amd64/v2', 1],
    ['l/amd64 l/amd64', 'l/amd64', 0],
    ['l/constructor', 'l/constructor', 0],
  ])('from %s for %s', (entries, wanted, index) => {
    for (const mediaType of [OCI_INDEX, DOCKER_LIST] as const) {
      const list = listOf(mediaType, entries);
      expect(chooseInstance(list, parsePlatform(wanted))).toBe(list.instances[index]);
    }
  });

  test.each([
    ['- l/amd64', 'l/amd64', 1],
    ['l/arm64 - -', 'l/amd64', 1],
    ['- -+', 'l/amd64', 1],
    ['l/amd64 l/amd64+ l/amd64+', 'l/amd64', 1],
    ['l/arm/v6+ l/arm/v7', 'l/arm/v7', 1], // the platform weighs more than zstd
  ])('from the index %s for %s', (entries, wanted, index) => {
    const list = listOf(OCI_INDEX, entries);
    expect(chooseInstance(list, parsePlatform(wanted))).toBe(list.instances[index]);
  });

  test.each([
    [OCI_INDEX, 'l/amd64 l/arm64', 'l/ppc64le', 'the list has l/amd64, l/arm64'],
    [OCI_INDEX, 'l/amd64 unknown/unknown l/amd64', 'w/amd64', 'the list has l/amd64'],
    [OCI_INDEX, 'l/amd64/v3', 'l/amd64', 'the list has l/amd64/v3'],
    [DOCKER_LIST, '-', 'l/amd64', 'the list names no platforms'],
    [OCI_INDEX, 'unknown/unknown', 'l/amd64', 'the list names no platforms'],
  ] as const)('from %s %s for %s there is none', (mediaType, entries, wanted, hint) => {
    expect(() => chooseInstance(listOf(mediaType, entries), parsePlatform(wanted))).toThrow(
      expect.objectContaining({ code: 'SOURCE_NOT_FOUND', hint }),
    );
  });
});
