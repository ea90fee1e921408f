/** In which forms the platforms of a list are missing. */
import { describe, expect, test } from 'vitest';
import type { Descriptor, Platform } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_MANIFEST, type CompressionFormat } from '../../src/image/media-types.ts';
import { missingForms } from '../../src/push/list-plan.ts';
import { AMD64, ARM, S390X } from './wished-images.ts';

const ATTESTATION = {
  ...gzip({ os: 'unknown', architecture: 'unknown' }),
  annotations: { 'vnd.docker.reference.digest': digestOf(Buffer.from('image')) },
};

function gzip(platform: Platform): Descriptor {
  return { mediaType: OCI_MANIFEST, digest: digestOf(Buffer.from('image')), size: 1, platform };
}

function zstd(platform: Platform): Descriptor {
  const annotations = { 'io.github.containers.compression.zstd': 'true' };
  return { ...gzip(platform), annotations };
}

describe('missingForms', () => {
  const version = { ...AMD64, 'os.version': '10' };

  test.each<
    [
      what: string,
      instances: readonly Descriptor[],
      wished: readonly CompressionFormat[],
      missing: readonly (readonly CompressionFormat[])[],
      recoded?: CompressionFormat,
    ]
  >([
    ['nothing is wished', [gzip(AMD64)], [], [[]]],
    ['what has no mark is gzip', [gzip(AMD64)], ['gzip'], [[]]],
    ['and not zstd', [gzip(AMD64)], ['zstd'], [['zstd']]],
    ['what has a mark is zstd', [zstd(AMD64)], ['gzip', 'zstd'], [['gzip']]],
    ['each platform by itself', [gzip(AMD64), zstd(S390X)], ['zstd'], [['zstd'], []]],
    [
      'variants are platforms',
      [gzip(ARM), zstd({ ...ARM, variant: 'v9' })],
      ['zstd'],
      [['zstd'], []],
    ],
    ['versions are platforms', [gzip(version), zstd(AMD64)], ['zstd'], [['zstd'], []]],
    ['what has a mark is not zstd:chunked', [zstd(AMD64)], ['zstd:chunked'], [['zstd:chunked']]],
    ['another instance has it', [gzip(AMD64), zstd(AMD64)], ['gzip', 'zstd'], [[], []]],
    ['once for a platform', [gzip(AMD64), gzip(AMD64)], ['zstd'], [['zstd'], []]],
    ['attestations are left alone', [ATTESTATION, gzip(AMD64)], ['zstd'], [[], ['zstd']]],
    [
      'features in any order',
      [
        gzip({ ...AMD64, 'os.features': ['a', 'b'] }),
        zstd({ ...AMD64, 'os.features': ['b', 'a'] }),
      ],
      ['zstd'],
      [[], []],
    ],
    ['all are zstd by then (the reference adds none)', [gzip(AMD64)], ['gzip'], [['gzip']], 'zstd'],
    ['all are zstd by then (the reference adds it)', [gzip(AMD64)], ['zstd'], [[]], 'zstd'],
    ['all are gzip by then', [zstd(AMD64)], ['gzip', 'zstd'], [['zstd']], 'gzip'],
  ])('%s', (_, instances, wished, missing, recoded) => {
    expect(missingForms(instances, wished, recoded)).toEqual(missing);
  });

  test('without platforms all stand for one', () => {
    const { platform: _, ...bare } = gzip(AMD64);
    expect(missingForms([bare, bare], ['zstd'])).toEqual([['zstd'], []]);
  });
});
