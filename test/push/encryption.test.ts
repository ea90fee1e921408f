/** Which layers are encrypted. */
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../../src/image/media-types.ts';
import {
  encryptionWarnings,
  lastingAnnotations,
  planEncryption,
  withoutChunking,
  type EncryptionRules,
} from '../../src/push/encryption.ts';
import type { LayerPlan } from '../../src/push/layers.ts';
import type { EncryptionWish } from '../../src/push/options.ts';
import { NO_COMPRESSION_WISH, NO_WISHES } from '../support/push-options.ts';

const TAR = 'application/vnd.oci.image.layer.v1.tar';
const DOCKER_TAR = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const KEYS = { 'org.opencontainers.image.enc.keys.jwe': 'AAAA' };
const FROZEN = { reason: 'Instructed to preserve digests', hint: 'leave it out' };

type Layer = readonly [
  mediaType: string,
  action?: LayerPlan['action'],
  annotations?: Descriptor['annotations'],
];

function layerOf([mediaType, action = 'copy', annotations]: Layer, index: number): LayerPlan {
  const digest = digestOf(Buffer.from(`layer ${index}`));
  const descriptor = { mediaType, digest, size: 1, ...(annotations && { annotations }) };
  const asIt = { compression: 'gzip', becomes: 'gzip', level: undefined } as const;
  return { descriptor, ...asIt, action, reason: 'as it is' };
}

function wishOf(...layers: readonly number[]): EncryptionWish {
  return { recipients: [{ protocol: 'jwe', file: 'key' }], layers };
}

function plan(
  layers: readonly Layer[],
  wish: EncryptionWish | undefined,
  { config = OCI_CONFIG, ...rules }: Partial<EncryptionRules> & { readonly config?: string } = {},
): readonly LayerPlan[] {
  const planned = layers.map(layerOf);
  const manifest = {
    mediaType: OCI_MANIFEST,
    config: { ...layerOf([TAR], -1).descriptor, mediaType: config },
    layers: planned.map(({ descriptor }) => descriptor),
    namesMediaType: true,
  } as const;
  return planEncryption(manifest, planned, { wish, frozen: undefined, capabilities: {}, ...rules });
}

const GZIP: Layer = [`${TAR}+gzip`];
const ENCRYPTED: Layer = [`${TAR}+gzip+encrypted`, 'copy', KEYS];
const FOREIGN: Layer = [`${TAR}+gzip`, 'refer'];

describe('planEncryption', () => {
  test.each<[layers: readonly Layer[], wish: EncryptionWish | undefined, encrypted: boolean[]]>([
    [[GZIP, GZIP], undefined, [false, false]],
    [[GZIP, GZIP], wishOf(), [true, true]],
    [[GZIP, GZIP, GZIP], wishOf(0), [true, false, false]],
    [[GZIP, GZIP, GZIP], wishOf(-1), [false, false, true]],
    [[GZIP, GZIP, GZIP], wishOf(0, -3, 2), [true, false, true]],
    [[[TAR], [`${TAR}+zstd`], [DOCKER_TAR]], wishOf(), [true, true, true]],
    [
      [
        [TAR, 'gzip'],
        [TAR, 'zstd'],
        [DOCKER_TAR, 'decompress'],
      ],
      wishOf(),
      [true, true, true],
    ],
    [[ENCRYPTED, GZIP], wishOf(), [false, true]],
    [[ENCRYPTED, GZIP], wishOf(0), [false, false]],
    [[FOREIGN, GZIP], wishOf(), [false, true]],
    [[], wishOf(), []],
    // Stale, and written anew.
    [[[TAR, 'copy', { 'org.opencontainers.image.enc.pubopts': 'AAAA' }]], wishOf(), [true]],
  ])('%j with %j', (layers, wish, encrypted) => {
    const planned = plan(layers, wish);
    expect(planned.map(({ isEncrypted = false }) => isEncrypted)).toEqual(encrypted);
    const actions = layers.map(([, action = 'copy']) => action);
    expect(planned.map(({ action }) => action)).toEqual(actions);
  });

  test.each<[index: number, count: number]>([
    [2, 2],
    [-3, 2],
    [0, 0],
  ])('layer %d of %d is out of range', (index, count) => {
    const layers = Array.from({ length: count }, () => GZIP);
    expect(() => plan(layers, wishOf(0, index))).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: `when choosing layers to encrypt, layer index ${index} out of range (${count} layers exist)`,
      }) as Error,
    );
  });

  test.each<[layer: Layer, rules: Parameters<typeof plan>[2], reason: string]>([
    [GZIP, { frozen: FROZEN }, "should be encrypted, but we can't modify the manifest: Instructed"],
    [['application/vnd.in-toto+json'], {}, 'no counterpart for mediatype: "application/vnd.in'],
    [GZIP, { config: 'application/vnd.cncf.helm.config.v1+json' }, 'no counterpart for mediatype'],
    [FOREIGN, {}, 'its bytes stay where its URLs say'],
    [[TAR, 'copy', KEYS], {}, 'has the keys of an encryption'],
    [GZIP, { capabilities: { unpacksLayers: true } }, 'the destination unpacks layers'],
  ])('%j with %j is refused', (layer, rules, reason) => {
    expect(() => plan([layer], wishOf(0), rules)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        origin: 'usage',
        message: expect.stringContaining(reason) as string,
      }) as Error,
    );
  });

  test('what is encrypted already may be frozen, and goes where layers are not read', () => {
    expect(plan([ENCRYPTED], wishOf(), { frozen: FROZEN })).toMatchObject([
      { reason: 'it is encrypted already' },
    ]);
    const capabilities = { unpacksLayers: true };
    expect(() => plan([ENCRYPTED], undefined, { capabilities })).toThrow('unpacks layers');
  });
});

test('who asks for what is encrypted already is told', () => {
  const layers = [ENCRYPTED, GZIP, ENCRYPTED].map(layerOf);
  const [first, , third] = layers.map(({ descriptor }) => descriptor.digest as string);
  const told = (wish?: EncryptionWish) =>
    encryptionWarnings(layers, wish).map((message) => /sha256:\w+/.exec(message)?.[0]);
  expect(told()).toEqual([]);
  expect(told(wishOf())).toEqual([first, third]);
  expect(told(wishOf(-1))).toEqual([third]);
});

test('annotations of other encryptions and of single files go', () => {
  expect(
    lastingAnnotations({
      ...KEYS,
      'my.note': 'n',
      'org.opencontainers.image.enc.pubopts': 'AAAA',
      'io.github.containers.zstd-chunked.manifest-checksum': 'sha256:a',
      'io.github.containers.zstd-chunked.manifest-position': '1:2:3:4',
      'containerd.io/snapshot/stargz/toc.digest': 'sha256:b',
      'io.containers.estargz.uncompressed-size': '1',
    }),
  ).toEqual({ 'my.note': 'n' });
  expect(lastingAnnotations(undefined)).toEqual({});
});

test('zstd:chunked becomes zstd, once', () => {
  const compression = { ...NO_COMPRESSION_WISH, format: 'zstd:chunked', level: 9 } as const;
  const addCompression = ['zstd', 'gzip', 'zstd:chunked'] as const;
  expect(withoutChunking({ ...NO_WISHES, compression, addCompression })).toMatchObject({
    compression: { format: 'zstd', level: 9 },
    addCompression: ['zstd', 'gzip'],
  });
  expect(withoutChunking(NO_WISHES)).toEqual({
    ...NO_WISHES,
    compression: { ...NO_COMPRESSION_WISH, format: undefined },
  });
});
