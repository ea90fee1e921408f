/** In which forms, and where, a blob may be at the destination already. */
import { describe, expect, test } from 'vitest';
import type { BlobIdentity, ProducedBlob } from '../../src/image/blob.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { CompressionFormat } from '../../src/image/media-types.ts';
import { candidatesOf, formsOf, knownForms } from '../../src/push/blob-forms.ts';
import type { LayerPlan } from '../../src/push/layers.ts';
import type { MountSource } from '../../src/push/options.ts';
import { codecOf } from '../../src/push/codec.ts';
import { memoryCache } from './run-push.ts';

const TAR = 'application/vnd.oci.image.layer.v1.tar';

function blob(name: string): BlobIdentity {
  return { digest: digestOf(Buffer.from(name)), size: name.length };
}

const OWN = blob('own');
const AS_GZIP = blob('as gzip');
const AS_SMALL_GZIP = blob('as small gzip');
const AS_ZSTD = { ...blob('as zstd'), annotations: { table: 'of contents' } };

function layerOf(
  action: LayerPlan['action'],
  compression: LayerPlan['compression'] = 'none',
  level?: number,
): LayerPlan {
  const becomes =
    action === 'copy' || action === 'refer'
      ? compression
      : action === 'decompress'
        ? 'none'
        : action;
  const descriptor = { mediaType: TAR, ...OWN };
  return { descriptor, compression, action, becomes, level, reason: '' };
}

async function cacheOf(made: ReadonlyMap<LayerPlan, ProducedBlob>) {
  const cache = memoryCache();
  for (const [layer, result] of made) {
    await cache.remember(layer.descriptor.digest, codecOf(layer), result);
  }
  return cache;
}

const MADE = new Map<LayerPlan, ProducedBlob>([
  [layerOf('gzip'), AS_GZIP],
  [layerOf('gzip', 'none', 9), AS_SMALL_GZIP],
  [layerOf('zstd'), AS_ZSTD],
  [layerOf('decompress'), blob('plain')],
]);

describe('the form that is wanted', () => {
  test.each<[layer: LayerPlan, forms: readonly object[]]>([
    [layerOf('copy', 'gzip'), [{ ...OWN, compression: 'gzip' }]],
    [layerOf('refer'), [{ ...OWN, compression: 'none' }]],
    [layerOf('gzip'), [{ ...AS_GZIP, compression: 'gzip' }]],
    [layerOf('gzip', 'none', 9), [{ ...AS_SMALL_GZIP, compression: 'gzip' }]],
    [layerOf('gzip', 'none', 0), []],
    [layerOf('zstd', 'gzip'), [{ ...AS_ZSTD, compression: 'zstd' }]],
    [layerOf('decompress', 'gzip'), [{ ...blob('plain'), compression: 'none' }]],
  ])('%j', async (layer, forms) => {
    expect(knownForms({ cache: await cacheOf(MADE) }, layer)).toEqual(forms);
  });
});

describe('forms that will do', () => {
  const gzip = { ...AS_GZIP, compression: 'gzip' };
  const smallGzip = { ...AS_SMALL_GZIP, compression: 'gzip' };
  const zstd = { ...AS_ZSTD, compression: 'zstd' };
  const both = ['gzip', 'zstd'] as const;

  test.each<[layer: LayerPlan, variants: readonly CompressionFormat[], forms: readonly object[]]>([
    [layerOf('zstd'), [], [zstd]],
    [layerOf('zstd'), ['gzip'], [zstd, gzip, smallGzip]],
    [layerOf('zstd'), both, [zstd, gzip, smallGzip, zstd]],
    [layerOf('zstd', 'gzip'), ['gzip'], [zstd, { ...OWN, compression: 'gzip' }, gzip, smallGzip]],
    [layerOf('gzip', 'zstd'), ['gzip'], [gzip, gzip, smallGzip]],
    [layerOf('copy', 'gzip'), both, [{ ...OWN, compression: 'gzip' }]], // nothing else is the same
  ])('instead of %j: %j', async (layer, variants, forms) => {
    expect(formsOf({ cache: await cacheOf(MADE) }, layer, variants)).toEqual(forms);
  });
});

describe('where it may be', () => {
  const registry = 'r.test';
  const at = (path: string, host = registry) => ({ repository: { registry: host, path } });
  const origin = { mediaType: TAR, ...OWN };
  const there = { ...blob('x'), digest: OWN.digest };

  const options = { mountFrom: [] };

  test.each<[what: string, source: object, destination: object, known: string[], path?: string]>([
    ['nobody knows', {}, at('a'), []],
    ['at the source', at('s'), at('a'), ['b'], 's'],
    ['at the source, which is another registry', at('s', 'other.test'), at('a'), []],
    ['where an earlier push left it', {}, at('a'), ['b', 'c'], 'b'],
    ['where it is going', {}, at('a'), ['b', 'a']],
    ['no registry', at('s'), {}, ['b']],
  ])('%s', async (_, source, destination, known, path) => {
    const cache = { ...memoryCache(), repositories: () => known };
    expect(candidatesOf({ source, destination, cache, options }, there, origin)).toEqual([
      { ...there, ...(path !== undefined && { origin: { registry, path } }) },
    ]);
  });

  test('is not the source for another form', () => {
    const session = { source: at('s'), destination: at('a'), cache: memoryCache(), options };
    expect(candidatesOf(session, AS_GZIP, origin)).toEqual([AS_GZIP]);
  });

  test.each<[known: string[], named: readonly MountSource[], paths: readonly string[]]>([
    [[], [{ path: 'm' }, { path: 'n' }], ['m', 'n']],
    [['b'], [{ path: 'm' }, { path: 'b' }], ['b', 'm']],
    [['a'], [{ path: 'm' }], ['m']],
    [[], [{ path: 'a' }, { registry, path: 'm' }, { registry: 'other.test', path: 'n' }], ['m']],
  ])('known in %j and named %j: %j', (known, mountFrom, paths) => {
    const cache = { ...memoryCache(), repositories: () => known };
    const session = { source: {}, destination: at('a'), cache, options: { mountFrom } };
    expect(candidatesOf(session, there, origin)).toEqual(
      paths.map((path) => ({ ...there, origin: { registry, path } })),
    );
  });

  test('is nowhere that is named where there is no registry', () => {
    const mountFrom = [{ path: 'm' }];
    const session = { source: {}, destination: {}, cache: memoryCache(), options: { mountFrom } };
    expect(candidatesOf(session, there, origin)).toEqual([there]);
  });
});
