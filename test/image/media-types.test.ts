/** Which layer type stands for which compression, and which manifest type for which other. */
import { describe, expect, test } from 'vitest';
import {
  chooseManifestType,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  DOCKER_V1_SIGNED,
  isListType,
  layerTypeWith,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';

const OCI = 'application/vnd.oci.image.layer.v1.tar';
const OCI_FOREIGN = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
const DOCKER = 'application/vnd.docker.image.rootfs.diff.tar';
const DOCKER_FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar';

describe('layerTypeWith', () => {
  test.each([
    [OCI, `${OCI}+gzip`, `${OCI}+zstd`],
    [OCI_FOREIGN, `${OCI_FOREIGN}+gzip`, `${OCI_FOREIGN}+zstd`],
    [DOCKER, `${DOCKER}.gzip`, undefined],
    [DOCKER_FOREIGN, `${DOCKER_FOREIGN}.gzip`, undefined],
  ])('family of %s', (none, gzip, zstd) => {
    for (const member of [none, gzip, zstd]) {
      if (member === undefined) continue;
      expect(layerTypeWith(member, 'none')).toBe(none);
      expect(layerTypeWith(member, 'gzip')).toBe(gzip);
      expect(layerTypeWith(member, 'zstd')).toBe(zstd);
    }
  });

  test.each([
    [''],
    [`${OCI}+gzip+encrypted`],
    [`${DOCKER}.zstd`],
    ['application/vnd.in-toto+json'],
    ['application/vnd.oci.empty.v1+json'],
  ])('%j is in no family', (mediaType) => {
    expect(layerTypeWith(mediaType, 'gzip')).toBeUndefined();
  });
});

test.each([
  [OCI_INDEX, true],
  [DOCKER_LIST, true],
  [OCI_MANIFEST, false],
  [DOCKER_MANIFEST, false],
  [DOCKER_V1, false],
  [DOCKER_V1_SIGNED, false],
  ['', false],
])('isListType(%j)', (mediaType, isList) => {
  expect(isListType(mediaType)).toBe(isList);
});

describe('chooseManifestType', () => {
  const images = [OCI_MANIFEST, DOCKER_MANIFEST];
  const lists = [OCI_INDEX, DOCKER_LIST];
  test.each<[string, string[], string | undefined]>([
    ...[...images, ...lists].map((type): [string, string[], string] => [
      type,
      [...images, ...lists],
      type,
    ]),
    [OCI_MANIFEST, [DOCKER_V1, DOCKER_MANIFEST], DOCKER_MANIFEST],
    [DOCKER_MANIFEST, [OCI_MANIFEST, ...lists], OCI_MANIFEST],
    [OCI_INDEX, [...images, DOCKER_LIST], DOCKER_LIST],
    [DOCKER_LIST, [OCI_INDEX], OCI_INDEX],
    [OCI_INDEX, images, undefined],
    [DOCKER_LIST, images, undefined],
    [OCI_MANIFEST, [...lists, DOCKER_V1], undefined],
    [DOCKER_MANIFEST, [], undefined],
    [DOCKER_V1, [DOCKER_V1], DOCKER_V1],
    [DOCKER_V1_SIGNED, [...images, DOCKER_V1], undefined],
    ['a/b', images, undefined],
    ['constructor', images, undefined],
  ])('%s among %j: %s', (source, supported, chosen) => {
    expect(chooseManifestType(source, supported)).toBe(chosen);
  });
});
