import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { ImageManifest } from '../../src/image/manifest.ts';
import {
  OCI_CONFIG,
  OCI_MANIFEST,
  type CompressionFormat,
  type LayerCompression,
} from '../../src/image/media-types.ts';
import { layerRules, planLayer, type LayerAction } from '../../src/push/layers.ts';
import type { CompressionWish } from '../../src/push/options.ts';
import type { DestinationCapabilities } from '../../src/transports/transport.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';

type Wanted = DestinationCapabilities['layerCompression'];

const TAR = 'application/vnd.oci.image.layer.v1.tar';
const FROZEN = { reason: 'Would invalidate signatures', hint: 'push without them' };

const layer: Descriptor = { mediaType: TAR, digest: digestOf(Buffer.from('layer')), size: 5 };
const config: Descriptor = { mediaType: OCI_CONFIG, digest: digestOf(Buffer.from('{}')), size: 2 };
const manifest: ImageManifest = {
  mediaType: OCI_MANIFEST,
  config,
  layers: [layer],
  namesMediaType: true,
};

interface Circumstances {
  readonly wanted?: Wanted;
  readonly wish?: Partial<CompressionWish>;
  readonly takesZstd?: boolean;
  readonly isFrozen?: boolean;
}

function planOf(
  compression: LayerCompression,
  { wanted = 'compress', wish, takesZstd = true, isFrozen = false }: Circumstances,
) {
  const capabilities: DestinationCapabilities = {
    manifestTypes: [OCI_MANIFEST],
    layerCompression: wanted,
    acceptsForeignLayers: true,
  };
  const rules = layerRules(
    capabilities,
    { ...NO_COMPRESSION_WISH, ...wish },
    { takesZstd, frozen: isFrozen ? FROZEN : undefined },
  );
  return planLayer(manifest, { descriptor: layer, compression }, rules);
}

const FORMATS: readonly LayerCompression[] = [
  'none',
  'gzip',
  'zstd',
  'zstd:chunked',
  'bzip2',
  'xz',
];

/** What becomes of a layer in each of {@link FORMATS}, by the format that is asked for. */
describe('a format that is asked for', () => {
  test.each<[format: CompressionFormat | undefined, actions: readonly LayerAction[]]>([
    [undefined, ['gzip', 'copy', 'copy', 'copy', 'copy', 'copy']],
    ['gzip', ['gzip', 'copy', 'gzip', 'gzip', 'gzip', 'gzip']],
    ['zstd', ['zstd', 'zstd', 'copy', 'copy', 'zstd', 'zstd']],
    [
      'zstd:chunked',
      ['zstd:chunked', 'zstd:chunked', 'zstd:chunked', 'copy', 'zstd:chunked', 'zstd:chunked'],
    ],
  ])('%s', (format, actions) => {
    const plans = FORMATS.map((compression) => planOf(compression, { wish: { format } }));
    expect(plans.map(({ action }) => action)).toEqual(actions);
    expect(plans.map(({ becomes }) => becomes)).toEqual(
      actions.map((action, index) => (action === 'copy' ? FORMATS[index] : action)),
    );
  });

  test.each<[wanted: Wanted, actions: readonly LayerAction[]]>([
    ['preserve', ['copy', 'copy', 'copy', 'copy', 'copy', 'copy']],
    ['decompress', ['copy', 'decompress', 'decompress', 'decompress', 'decompress', 'decompress']],
  ])('is none, and the destination wants to %s', (wanted, actions) => {
    const plans = FORMATS.map((compression) => planOf(compression, { wanted }));
    expect(plans.map(({ action }) => action)).toEqual(actions);
    expect(plans.map(({ becomes }) => becomes)).toEqual(
      wanted === 'decompress' ? FORMATS.map(() => 'none') : FORMATS,
    );
  });

  test.each<[from: LayerCompression, wish: Partial<CompressionWish>]>([
    ['gzip', { level: 9 }],
    ['gzip', { level: 9, format: 'gzip' }],
    ['zstd', { level: 19, format: 'zstd' }],
    ['zstd:chunked', { level: 19, format: 'zstd' }],
    ['bzip2', { level: 9 }],
  ])('is the one of %s already, and its level alone changes nothing: %j', (from, wish) => {
    expect(planOf(from, { wish })).toMatchObject({ action: 'copy', becomes: from });
  });

  // The reference leaves the layers as they are there, and merely refuses the formats of Docker.
  test('is heeded where the destination would take layers as they are', () => {
    const plan = planOf('none', { wanted: 'preserve', wish: { format: 'zstd', level: 7 } });
    expect(plan).toMatchObject({ action: 'zstd', becomes: 'zstd', level: 7 });
  });

  // The reference drops the wish, or fails without naming it.
  test.each<Partial<CompressionWish>>([
    { format: 'gzip' },
    { format: 'zstd' },
    { everywhere: true },
  ])('is refused where the destination holds layers uncompressed: %j', (wish) => {
    expect(() => planOf('none', { wanted: 'decompress', wish })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', origin: 'usage' }) as Error,
    );
  });
});

describe('a format that is a habit', () => {
  const habit = { format: 'zstd', yields: true } as const;

  test.each<[wanted: Wanted, more: Partial<CompressionWish>, actions: readonly LayerAction[]]>([
    ['compress', {}, ['zstd', 'zstd', 'copy', 'copy', 'zstd', 'zstd']],
    ['preserve', {}, ['copy', 'copy', 'copy', 'copy', 'copy', 'copy']],
    ['preserve', { everywhere: true }, ['zstd', 'zstd', 'copy', 'copy', 'zstd', 'zstd']],
    [
      'decompress',
      {},
      ['copy', 'decompress', 'decompress', 'decompress', 'decompress', 'decompress'],
    ],
  ])('counts where the destination wants to %s as far as it can: %j', (wanted, more, actions) => {
    const wish = { ...habit, ...more };
    const plans = FORMATS.map((compression) => planOf(compression, { wanted, wish }));
    expect(plans.map(({ action }) => action)).toEqual(actions);
  });

  test('leaves a manifest alone that must not change', () => {
    expect(planOf('gzip', { wish: habit, isFrozen: true })).toMatchObject({
      action: 'copy',
      reason: FROZEN.reason,
    });
  });
});

describe('other wishes', () => {
  test.each<
    [what: string, from: LayerCompression, circumstances: Circumstances, action: LayerAction]
  >([
    ['--compress into dir:', 'none', { wanted: 'preserve', wish: { everywhere: true } }, 'gzip'],
    ['--compress into dir:', 'zstd', { wanted: 'preserve', wish: { everywhere: true } }, 'copy'],
    ['--accept-uncompressed', 'none', { wish: { keepPlain: true } }, 'copy'],
    ['--accept-uncompressed', 'gzip', { wish: { keepPlain: true } }, 'copy'],
    [
      '--accept-uncompressed into an archive',
      'gzip',
      { wanted: 'decompress', wish: { keepPlain: true } },
      'decompress',
    ],
    ['--force-compression=false', 'none', { wish: { anyVariant: true } }, 'gzip'],
    ['--force-compression=false', 'gzip', { wish: { anyVariant: true, format: 'zstd' } }, 'zstd'],
    ['nothing, into dir:', 'none', { wanted: 'preserve' }, 'copy'],
    ['a Docker manifest', 'zstd', { takesZstd: false }, 'gzip'],
    ['a Docker manifest', 'zstd:chunked', { takesZstd: false }, 'gzip'],
    [
      'a Docker manifest, into docker-daemon:',
      'zstd',
      { takesZstd: false, wanted: 'preserve' },
      'decompress',
    ],
    ['an archive', 'xz', { wanted: 'decompress' }, 'decompress'],
    ['an archive', 'none', { wanted: 'decompress' }, 'copy'],
  ])('%s: %s', (_, from, circumstances, action) => {
    expect(planOf(from, circumstances).action).toBe(action);
  });
});

describe('a manifest that must not change', () => {
  test('leaves undone what nobody asked for, and says why', () => {
    expect(planOf('none', { isFrozen: true })).toMatchObject({
      action: 'copy',
      becomes: 'none',
      reason: FROZEN.reason,
    });
  });

  test('is no reason to refuse a wish that is met', () => {
    expect(planOf('zstd', { isFrozen: true, wish: { format: 'zstd' } }).action).toBe('copy');
  });

  test.each<[from: LayerCompression, circumstances: Circumstances, message: string]>([
    ['gzip', { wish: { format: 'zstd' } }, 'compressing layers as zstd'],
    ['none', { wish: { everywhere: true }, wanted: 'preserve' }, 'compressing layers as gzip'],
    ['gzip', { wanted: 'decompress' }, 'decompressing layers'],
  ])('forbids to recode %s: %j', (from, circumstances, message) => {
    expect(() => planOf(from, { ...circumstances, isFrozen: true })).toThrow(
      `${message} would change the manifest, which we cannot do: ${FROZEN.reason}`,
    );
  });
});
