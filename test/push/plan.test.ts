import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import type { ImageManifest } from '../../src/image/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
  type Compression,
  type CompressionFormat,
} from '../../src/image/media-types.ts';
import type { LayerFacts } from '../../src/push/layers.ts';
import {
  finalImage,
  planImage,
  type FinalLayer,
  type ImagePlan,
  type ImageWishes,
} from '../../src/push/plan.ts';
import type { DestinationCapabilities } from '../../src/transports/transport.ts';
import { NO_COMPRESSION_WISH, NO_WISHES } from '../support/push-options.ts';
import { thrownBy } from '../support/thrown.ts';

const REGISTRY: DestinationCapabilities = {
  manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST],
  layerCompression: 'compress',
  acceptsForeignLayers: true,
};
const AS_IT_IS: DestinationCapabilities = { ...REGISTRY, layerCompression: 'preserve' };
const PLAIN: DestinationCapabilities = {
  manifestTypes: [DOCKER_MANIFEST],
  layerCompression: 'decompress',
  acceptsForeignLayers: false,
};

const TAR = 'application/vnd.oci.image.layer.v1.tar';
const FOREIGN_TAR = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
const DOCKER_TAR = 'application/vnd.docker.image.rootfs.diff.tar';
const DOCKER_FOREIGN_TAR = 'application/vnd.docker.image.rootfs.foreign.diff.tar';
const URLS = { urls: ['https://elsewhere.test/layer'] };
const NOTES = { annotations: { note: 'n' } };

let made = 0;

function descriptorOf(mediaType: string, more: Partial<Descriptor> = {}): Descriptor {
  made += 1;
  return { mediaType, digest: digestOf(Buffer.from(`blob ${made}`)), size: made, ...more };
}

function manifestOf(layers: readonly Descriptor[], config = OCI_CONFIG): ImageManifest {
  const mediaType = config === DOCKER_CONFIG ? DOCKER_MANIFEST : OCI_MANIFEST;
  return { mediaType, config: descriptorOf(config), layers, namesMediaType: true };
}

type Layer = readonly [mediaType: string, compression: Compression, more?: Partial<Descriptor>];

/** Plans an image of these layers. */
function planOf(
  layers: readonly Layer[],
  capabilities = REGISTRY,
  config = OCI_CONFIG,
  wishes: Partial<ImageWishes> = {},
): ImagePlan {
  const facts = layers.map(([mediaType, compression, more]): LayerFacts => ({
    descriptor: descriptorOf(mediaType, more),
    compression,
  }));
  const manifest = manifestOf(
    facts.map(({ descriptor }) => descriptor),
    config,
  );
  return planImage({ raw: manifest, manifest, layers: facts }, capabilities, {
    ...NO_WISHES,
    ...wishes,
  });
}

/** What the layers of a plan become, those that are recoded with the digest of another blob. */
function storedFor({ layers }: ImagePlan): readonly FinalLayer[] {
  return layers.map(({ descriptor, action, becomes }) =>
    action === 'copy' || action === 'refer'
      ? { digest: descriptor.digest, size: descriptor.size, compression: becomes }
      : { digest: recodedDigest(descriptor), size: 3000, compression: becomes },
  );
}

function recodedDigest({ digest }: Descriptor): Digest {
  return digestOf(Buffer.from(`recoded ${digest}`));
}

function unread(): never {
  throw new Error('the config was read');
}

/** The manifest that a plan ends with in its preferred format; undefined for the source's own. */
async function manifestFor(plan: ImagePlan): Promise<ImageManifest | undefined> {
  return (await finalImage(plan, plan.types[0] ?? '', storedFor(plan), unread))?.manifest;
}

/** An uncompressed layer, which brings about that the manifest is rewritten. */
const CHANGED: Layer = [TAR, 'none'];
const DOCKER_CHANGED: Layer = [DOCKER_TAR, 'none'];

describe('a layer alone', () => {
  test.each<[action: string, layer: Layer, capabilities: DestinationCapabilities, config?: string]>(
    [
      ['gzip', [TAR, 'none'], REGISTRY],
      ['gzip', [`${TAR}+gzip`, 'none'], REGISTRY], // bytes count, not what is said of them
      ['gzip', [FOREIGN_TAR, 'none'], REGISTRY],
      ['gzip', [DOCKER_TAR, 'none'], REGISTRY, DOCKER_CONFIG],
      ['gzip', [`${DOCKER_FOREIGN_TAR}.gzip`, 'none'], REGISTRY, DOCKER_CONFIG],
      ['gzip', [TAR, 'none', { urls: [] }], REGISTRY],
      ['copy', [TAR, 'gzip'], REGISTRY],
      ['copy', [`${TAR}+gzip`, 'gzip'], REGISTRY],
      ['copy', [`${TAR}+gzip`, 'gzip', { urls: [] }], REGISTRY],
      ['copy', [`${TAR}+zstd`, 'zstd'], REGISTRY],
      ['copy', [TAR, 'bzip2'], REGISTRY],
      ['copy', [TAR, 'xz'], REGISTRY],
      ['copy', [TAR, 'none'], AS_IT_IS],
      ['copy', [`${TAR}+encrypted`, 'none'], REGISTRY],
      ['copy', [`${TAR}+gzip+encrypted`, 'none'], REGISTRY],
      ['copy', [`${DOCKER_TAR}.zstd`, 'none'], REGISTRY, DOCKER_CONFIG], // of no family
      ['copy', ['application/vnd.in-toto+json', 'none'], REGISTRY],
      ['copy', [TAR, 'none'], REGISTRY, 'application/vnd.oci.empty.v1+json'], // an artifact
      ['copy', [TAR, 'none'], REGISTRY, 'application/vnd.cncf.helm.config.v1+json'],
      ['refer', [FOREIGN_TAR, 'none', URLS], REGISTRY],
      ['refer', [`${TAR}+gzip`, 'none', URLS], REGISTRY],
      ['refer', [DOCKER_FOREIGN_TAR, 'none', URLS], REGISTRY, DOCKER_CONFIG],
      ['copy', [DOCKER_TAR, 'none'], PLAIN, DOCKER_CONFIG],
      ['decompress', [`${DOCKER_TAR}.gzip`, 'gzip'], PLAIN, DOCKER_CONFIG],
      ['decompress', [DOCKER_TAR, 'zstd'], PLAIN, DOCKER_CONFIG],
      ['decompress', [`${DOCKER_FOREIGN_TAR}.gzip`, 'gzip', URLS], PLAIN, DOCKER_CONFIG],
    ],
  )('%s: %j', async (action, layer, capabilities, config) => {
    const plan = planOf([layer], capabilities, config);
    expect(plan.layers).toMatchObject([{ action, compression: layer[1] }]);
    const isChanged = action === 'gzip' || action === 'decompress';
    expect((await manifestFor(plan)) === undefined).toBe(!isChanged);
  });
});

describe('in a manifest that is rewritten', () => {
  test.each<[layer: Layer, written: Partial<Descriptor>, config?: string]>([
    [[TAR, 'none', NOTES], { mediaType: `${TAR}+gzip` }],
    [[`${TAR}+gzip`, 'none', NOTES], { mediaType: `${TAR}+gzip` }],
    [[FOREIGN_TAR, 'none'], { mediaType: `${FOREIGN_TAR}+gzip` }],
    [[`${TAR}+gzip`, 'gzip', NOTES], { mediaType: `${TAR}+gzip`, ...NOTES }],
    [[TAR, 'gzip', NOTES], { mediaType: `${TAR}+gzip`, ...NOTES }], // corrected
    [[`${TAR}+gzip`, 'zstd'], { mediaType: `${TAR}+zstd` }],
    [[`${TAR}+gzip`, 'xz'], { mediaType: `${TAR}+gzip` }], // there is no type for that
    [[TAR, 'bzip2'], { mediaType: TAR }],
    [[`${TAR}+encrypted`, 'none'], { mediaType: `${TAR}+encrypted` }],
    [
      ['application/vnd.in-toto+json', 'gzip', NOTES],
      { mediaType: 'application/vnd.in-toto+json', ...NOTES },
    ],
    [
      [`${FOREIGN_TAR}+gzip`, 'none', { ...URLS, ...NOTES }],
      { mediaType: `${FOREIGN_TAR}+gzip`, ...URLS, ...NOTES },
    ],
    [[DOCKER_TAR, 'none'], { mediaType: `${DOCKER_TAR}.gzip` }, DOCKER_CONFIG],
    [[DOCKER_TAR, 'gzip'], { mediaType: `${DOCKER_TAR}.gzip` }, DOCKER_CONFIG],
    [[`${DOCKER_TAR}.gzip`, 'zstd'], { mediaType: `${DOCKER_TAR}.gzip` }, DOCKER_CONFIG], // Docker has none
  ])('%j', async (layer, written, config) => {
    const other = config === DOCKER_CONFIG ? DOCKER_CHANGED : CHANGED;
    const plan = planOf([other, layer], REGISTRY, config);
    const { digest, size } = storedFor(plan)[1] ?? {};
    expect((await manifestFor(plan))?.layers[1]).toEqual({ digest, size, ...written });
  });

  test('a foreign layer whose bytes are fetched loses its addresses', async () => {
    const foreign: Layer = [FOREIGN_TAR, 'none', { ...URLS, ...NOTES }];
    const plan = planOf([foreign], { ...AS_IT_IS, acceptsForeignLayers: false });
    expect(plan.layers).toMatchObject([{ action: 'copy' }]);
    expect((await manifestFor(plan))?.layers).toEqual([
      { ...descriptorOf(FOREIGN_TAR, NOTES), ...pick(plan.layers[0]?.descriptor) },
    ]);
  });

  test('everything else stays', async () => {
    const layer = descriptorOf(TAR);
    const manifest: ImageManifest = {
      ...manifestOf([layer]),
      artifactType: 'a/b',
      subject: descriptorOf(OCI_MANIFEST),
      annotations: { k: 'v' },
      namesMediaType: false,
    };
    const facts = {
      raw: manifest,
      manifest,
      layers: [{ descriptor: layer, compression: 'none' }],
    } as const;
    const plan = planImage(facts, REGISTRY, NO_WISHES);
    const { layers: _layers, ...rest } = manifest;
    const [stored] = storedFor(plan);
    expect(await manifestFor(plan)).toEqual({
      ...rest,
      layers: [{ digest: stored?.digest, size: stored?.size, mediaType: `${TAR}+gzip` }],
    });
  });
});

describe('the format', () => {
  test('is that of the image where the destination takes it', async () => {
    const plan = planOf([[DOCKER_TAR, 'gzip']], REGISTRY, DOCKER_CONFIG);
    expect(plan.types[0]).toBe(DOCKER_MANIFEST);
    expect(await manifestFor(plan)).toBeUndefined();
  });

  test('is the other one where the destination takes that alone', async () => {
    const onlyDocker = { ...REGISTRY, manifestTypes: [DOCKER_MANIFEST] };
    const plan = planOf([[`${TAR}+gzip`, 'gzip']], onlyDocker);
    expect(await manifestFor(plan)).toMatchObject({
      mediaType: DOCKER_MANIFEST,
      config: { mediaType: DOCKER_CONFIG, digest: plan.manifest.config.digest },
      layers: [{ mediaType: `${DOCKER_TAR}.gzip` }],
    });
  });

  test('takes the config along where that must change', async () => {
    const layer = descriptorOf(DOCKER_TAR);
    const manifest = manifestOf([layer], DOCKER_CONFIG);
    const config = JSON.stringify({
      os: 'linux',
      architecture: 'arm',
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      docker_version: '1',
    });
    const facts = {
      raw: manifest,
      manifest,
      layers: [{ descriptor: layer, compression: 'none' }],
    } as const;
    const plan = planImage(facts, { ...REGISTRY, manifestTypes: [OCI_MANIFEST] }, NO_WISHES);
    const final = await finalImage(plan, OCI_MANIFEST, storedFor(plan), async () =>
      Buffer.from(config),
    );
    expect(Buffer.from(final?.config ?? []).toString()).not.toContain('docker_version');
    expect(final?.manifest).toMatchObject({
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: digestOf(final?.config ?? new Uint8Array()) },
      layers: [{ mediaType: `${TAR}+gzip` }],
    });
  });

  test('can be none at all', async () => {
    const lists = { ...REGISTRY, manifestTypes: [OCI_INDEX] };
    expect(await thrownBy(Promise.resolve().then(() => planOf([CHANGED], lists)))).toMatchObject({
      code: 'UNSUPPORTED',
      origin: 'usage',
    });
  });
});

/** Every family, of which Docker's have no zstd: see the conversions below. */
describe.each([TAR, FOREIGN_TAR])('a layer of %s', (none) => {
  const chunked = {
    annotations: { 'io.github.containers.zstd-chunked.manifest-checksum': 'sha256:00' },
  };
  const [gzip, zstd] = [`${none}+gzip`, `${none}+zstd`];

  test.each<[layer: Layer, format: CompressionFormat, mediaType: string]>([
    [[none, 'none', NOTES], 'gzip', gzip],
    [[none, 'none', NOTES], 'zstd', zstd],
    [[gzip, 'gzip', NOTES], 'zstd', zstd],
    [[zstd, 'zstd', NOTES], 'gzip', gzip],
    [[zstd, 'zstd', chunked], 'gzip', gzip],
    [[gzip, 'bzip2', NOTES], 'gzip', gzip],
    [[gzip, 'xz', NOTES], 'zstd', zstd],
  ])('%j as %s has its type, and no annotations', async (layer, format, mediaType) => {
    const compression = { ...NO_COMPRESSION_WISH, format };
    const plan = planOf([layer], REGISTRY, OCI_CONFIG, { compression });
    const { digest, size } = storedFor(plan)[0] ?? {};
    expect((await manifestFor(plan))?.layers).toEqual([{ mediaType, digest, size }]);
  });

  test.each<[layer: Layer, format: CompressionFormat]>([
    [[gzip, 'gzip', NOTES], 'gzip'],
    [[zstd, 'zstd', NOTES], 'zstd'],
    [[zstd, 'zstd', chunked], 'zstd'], // zstd:chunked is zstd
    [[none, 'gzip', NOTES], 'gzip'], // a wrong type is corrected only where all is written anew
    [[gzip, 'none', { ...URLS, ...NOTES }], 'zstd'], // its bytes are elsewhere
    [[`${gzip}+encrypted`, 'none', NOTES], 'zstd'],
  ])('%j as %s leaves the manifest as it is', async (layer, format) => {
    const compression = { ...NO_COMPRESSION_WISH, format, level: 1 };
    const plan = planOf([layer], REGISTRY, OCI_CONFIG, { compression });
    expect(await manifestFor(plan)).toBeUndefined();
  });

  test('whose bytes are fetched may be recoded then', async () => {
    const compression = { ...NO_COMPRESSION_WISH, format: 'zstd' } as const;
    const fetching = { ...REGISTRY, acceptsForeignLayers: false };
    const plan = planOf([[gzip, 'gzip', URLS]], fetching, OCI_CONFIG, { compression });
    const { digest, size } = storedFor(plan)[0] ?? {};
    expect((await manifestFor(plan))?.layers).toEqual([{ mediaType: zstd, digest, size }]);
  });
});

describe('an image that must not change', () => {
  const frozen = { reason: 'Would invalidate signatures', hint: '' };

  test.each<[layer: Layer, wishes: Partial<ImageWishes>]>([
    [[TAR, 'none'], {}],
    [[`${TAR}+gzip`, 'gzip'], { compression: { ...NO_COMPRESSION_WISH, format: 'gzip' } }],
    [[TAR, 'none'], { format: 'oci' }],
  ])('stays to the letter: %j with %j', async (layer, wishes) => {
    const { manifest, layers } = planOf([layer]);
    const facts = { raw: manifest, manifest, layers };
    const plan = planImage(facts, REGISTRY, { ...NO_WISHES, ...wishes }, frozen);
    expect(plan).toMatchObject({ types: [OCI_MANIFEST], layers: [{ action: 'copy' }] });
    expect(await manifestFor(plan)).toBeUndefined();
  });

  // The reference passes over such wishes without a word.
  test.each<[wishes: Partial<ImageWishes>]>([
    [{ format: 'v2s2' }],
    [{ compression: { ...NO_COMPRESSION_WISH, format: 'zstd' } }],
    [{ annotations: { a: 'b' } }],
  ])('forbids %j', (wishes) => {
    const { manifest, layers } = planOf([[`${TAR}+gzip`, 'gzip']]);
    const facts = { raw: manifest, manifest, layers };
    expect(() => planImage(facts, REGISTRY, { ...NO_WISHES, ...wishes }, frozen)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', origin: 'usage' }) as Error,
    );
  });
});

describe('a layer that is recoded on the way to another format', () => {
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'arm', rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const zstd = { compression: { ...NO_COMPRESSION_WISH, format: 'zstd' } } as const;

  test.each<[layer: Layer, wishes: Partial<ImageWishes>, mediaType: string]>([
    [[DOCKER_TAR, 'none'], zstd, `${TAR}+zstd`],
    [[`${DOCKER_TAR}.gzip`, 'gzip'], zstd, `${TAR}+zstd`],
    [[`${DOCKER_TAR}.gzip`, 'zstd'], zstd, `${TAR}+zstd`], // corrected
    [[`${DOCKER_TAR}.zstd`, 'zstd'], zstd, `${TAR}+zstd`],
    [[`${DOCKER_FOREIGN_TAR}.gzip`, 'gzip'], zstd, `${FOREIGN_TAR}+zstd`],
    [[DOCKER_TAR, 'none'], { format: 'oci' }, `${TAR}+gzip`],
    [[`${DOCKER_TAR}.gzip`, 'gzip'], { format: 'oci' }, `${TAR}+gzip`],
    [[DOCKER_FOREIGN_TAR, 'none', URLS], { format: 'oci' }, FOREIGN_TAR],
  ])('from Docker: %j with %j', async (layer, wishes, mediaType) => {
    const plan = planOf([layer], REGISTRY, DOCKER_CONFIG, wishes);
    expect(plan.types).toEqual([OCI_MANIFEST]);
    const final = await finalImage(plan, OCI_MANIFEST, storedFor(plan), async () => config);
    const [stored] = storedFor(plan);
    expect(final?.manifest.layers).toEqual([
      { mediaType, digest: stored?.digest, size: stored?.size, ...layer[2] },
    ]);
  });

  test.each<[layer: Layer, mediaType: string]>([
    [[TAR, 'none'], `${DOCKER_TAR}.gzip`],
    [[`${TAR}+gzip`, 'gzip'], `${DOCKER_TAR}.gzip`],
    [[`${TAR}+zstd`, 'zstd'], `${DOCKER_TAR}.gzip`],
    [[`${FOREIGN_TAR}+zstd`, 'zstd'], `${DOCKER_FOREIGN_TAR}.gzip`],
    [[FOREIGN_TAR, 'none', URLS], DOCKER_FOREIGN_TAR],
  ])('from OCI: %j', async (layer, mediaType) => {
    const plan = planOf([layer], REGISTRY, OCI_CONFIG, { format: 'v2s2' });
    expect((await manifestFor(plan))?.layers.map((written) => written.mediaType)).toEqual([
      mediaType,
    ]);
  });

  test('has no type where an OCI manifest calls it by a name of Docker', async () => {
    const plan = planOf([[`${DOCKER_TAR}.gzip`, 'gzip']], REGISTRY, OCI_CONFIG, zstd);
    expect(await thrownBy(manifestFor(plan))).toMatchObject({
      code: 'UNSUPPORTED',
      message: `zstd compression is not supported for type "${DOCKER_TAR}.gzip"`,
    });
  });
});

function pick(descriptor: Descriptor | undefined): Partial<Descriptor> {
  return descriptor === undefined ? {} : { digest: descriptor.digest, size: descriptor.size };
}
