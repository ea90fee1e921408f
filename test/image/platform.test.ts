/** Platforms, and which instance of a list serves which. */
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { ZSTD_INSTANCE_ANNOTATION, type ImageList } from '../../src/image/list.ts';
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import {
  ATTESTED_ANNOTATION,
  chooseInstance,
  chooseInstances,
  formatPlatform,
  hostPlatform,
  isAttestation,
  parsePlatform,
  runsOn,
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

describe('chooseInstances', () => {
  test.each([
    ['l/amd64 l/arm64 l/s390x', 'l/s390x l/amd64', [0, 2]], // in the order of the list
    ['l/amd64 l/arm64', 'l/amd64 l/amd64', [0]],
    ['l/arm/v6 l/arm/v7 l/amd64', 'l/arm', [0, 1]], // without a variant it means all of them
    ['l/arm l/arm/v7', 'l/arm', [0, 1]],
    ['l/arm/v6 l/arm/v7', 'l/arm/v7', [1]],
    ['l/amd64 l/amd64+ l/arm64', 'l/amd64', [0, 1]], // in all forms
    ['l/amd64 - l/arm64', 'l/amd64', [0]],
    ['w/amd64 l/amd64', 'l/amd64', [1]],
    ['l/constructor l/amd64', 'l/constructor', [0]],
  ])('from %s for %s', (entries, wanted, indices) => {
    for (const mediaType of [OCI_INDEX, DOCKER_LIST] as const) {
      const list = listOf(mediaType, entries);
      expect(chooseInstances(list, wanted.split(' ').map(parsePlatform))).toEqual(
        indices.map((index) => list.instances[index]),
      );
    }
  });

  test.each([
    ['l/amd64 l/arm64', 'l/amd64 l/ppc64le', 'the list has l/amd64, l/arm64'],
    ['l/arm/v6', 'l/arm/v7', 'the list has l/arm/v6'], // unlike where one is chosen to run
    ['-', 'l/amd64', 'the list names no platforms'],
  ])('from %s for %s there are none', (entries, wanted, hint) => {
    const platforms = wanted.split(' ').map(parsePlatform);
    expect(() => chooseInstances(listOf(OCI_INDEX, entries), platforms)).toThrow(
      expect.objectContaining({ code: 'SOURCE_NOT_FOUND', hint }),
    );
  });

  test('takes the attestations of what it takes, and no others', () => {
    const { instances } = listOf(OCI_INDEX, 'l/amd64 l/arm64');
    const about = instances.map(attestationOf);
    const list: ImageList = { mediaType: OCI_INDEX, instances: [...about, ...instances] };
    expect(chooseInstances(list, [parsePlatform('l/arm64')])).toEqual([about[1], instances[1]]);
  });

  test('takes an image for the platforms that are wanted, though it is there for others, too', () => {
    const [image] = listOf(OCI_INDEX, 'l/amd64').instances;
    const twice = ['l/amd64', 'l/arm64'].map((platform): Descriptor => ({
      ...(image as Descriptor),
      platform: parsePlatform(platform),
    }));
    const list: ImageList = { mediaType: OCI_INDEX, instances: twice };
    expect(chooseInstances(list, [parsePlatform('l/arm64')])).toEqual([twice[1]]);
  });
});

/** As BuildKit has it in a list. */
function attestationOf({ digest }: Descriptor, index: number): Descriptor {
  return {
    mediaType: OCI_MANIFEST,
    digest: digestOf(Buffer.from(`about ${digest}`)),
    size: index,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: { [ATTESTED_ANNOTATION]: digest },
  };
}

describe('isAttestation', () => {
  const [image, unknown, bare] = listOf(OCI_INDEX, 'l/amd64 unknown/unknown -').instances as [
    Descriptor,
    Descriptor,
    Descriptor,
  ];

  test.each<[what: string, instance: Descriptor, is: boolean]>([
    ['of BuildKit', attestationOf(image, 0), true],
    ['without the annotation', unknown, true],
    ['without a platform', { ...bare, annotations: { [ATTESTED_ANNOTATION]: '' } }, true],
    ['an image', image, false],
    ['an image without a platform', bare, false],
    ['an image with other annotations', { ...image, annotations: { a: 'b' } }, false],
  ])('%s', (_, instance, is) => {
    expect(isAttestation(instance)).toBe(is);
  });
});

describe('runsOn', () => {
  test.each([
    ['l/amd64', 'l/amd64', true],
    ['l/amd64', 'l/arm64', false],
    ['l/amd64', 'w/amd64', false],
    ['l/arm/v7', 'l/arm/v6', true],
    ['l/arm/v6', 'l/arm/v7', false],
    ['l/arm/v7', 'l/arm', true],
    ['l/arm', 'l/arm/v8', true],
    ['l/arm64/v8', 'l/arm64', true],
    ['l/arm64', 'l/arm64/v8', true],
    ['l/amd64', 'l/amd64/v3', false],
    ['l/amd64/v3', 'l/amd64', true],
  ])('on %s what is for %s: %s', (wanted, platform, runs) => {
    expect(runsOn(parsePlatform(wanted), parsePlatform(platform))).toBe(runs);
  });
});
