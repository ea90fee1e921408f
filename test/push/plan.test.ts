import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { ImageManifest } from '../../src/image/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
  type Compression,
} from '../../src/image/media-types.ts';
import { finalManifest, planImage, type ImagePlan, type LayerFacts } from '../../src/push/plan.ts';
import type { DestinationCapabilities } from '../../src/transports/transport.ts';
import { thrownBy } from '../support/thrown.ts';

const REGISTRY: DestinationCapabilities = {
  manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST],
  layerCompression: 'compress',
  acceptsForeignLayers: true,
};
const BY_DIGEST: DestinationCapabilities = { ...REGISTRY, layerCompression: 'preserve' };
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

/** Plans an image of these layers; its config must not be read. */
async function planOf(
  layers: readonly Layer[],
  capabilities = REGISTRY,
  config = OCI_CONFIG,
): Promise<ImagePlan> {
  const facts = layers.map(([mediaType, compression, more]): LayerFacts => ({
    descriptor: descriptorOf(mediaType, more),
    compression,
  }));
  const manifest = manifestOf(
    facts.map(({ descriptor }) => descriptor),
    config,
  );
  return planImage(manifest, facts, capabilities, () => {
    throw new Error('the config was read');
  });
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
      ['copy', [TAR, 'none'], BY_DIGEST],
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
    const plan = await planOf([layer], capabilities, config);
    expect(plan.layers).toMatchObject([{ action, compression: layer[1] }]);
    const isChanged = action === 'gzip' || action === 'decompress';
    expect(plan.newManifest === undefined).toBe(!isChanged);
    expect(plan.newConfig).toBeUndefined();
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
    const plan = await planOf([other, layer], REGISTRY, config);
    const source = plan.layers[1]?.descriptor;
    expect(plan.newManifest?.layers[1]).toEqual({
      digest: source?.digest,
      size: source?.size,
      ...written,
    });
  });

  test('a foreign layer whose bytes are fetched loses its addresses', async () => {
    const foreign: Layer = [FOREIGN_TAR, 'none', { ...URLS, ...NOTES }];
    const plan = await planOf([foreign], { ...BY_DIGEST, acceptsForeignLayers: false });
    expect(plan.layers).toMatchObject([{ action: 'copy' }]);
    expect(plan.newManifest?.layers).toEqual([
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
    const facts = [{ descriptor: layer, compression: 'none' }] as const;
    const plan = await planImage(manifest, facts, REGISTRY, () => {
      throw new Error('the config was read');
    });
    const { layers: _layers, ...rest } = manifest;
    expect(plan.newManifest).toEqual({ ...rest, layers: [{ ...layer, mediaType: `${TAR}+gzip` }] });
    expect(plan.config).toBe(manifest.config);
  });
});

describe('finalManifest', () => {
  const stored = ['one', 'two'].map((text) => ({
    digest: digestOf(Buffer.from(text)),
    size: text.length * 1000,
    how: 'uploaded',
  }));

  test('names what has been stored, layer by layer', async () => {
    const plan = await planOf([CHANGED, [`${TAR}+gzip`, 'gzip', NOTES]]);
    expect(finalManifest(plan, stored)?.layers).toEqual([
      { mediaType: `${TAR}+gzip`, digest: stored[0]?.digest, size: 3000 },
      { mediaType: `${TAR}+gzip`, digest: stored[1]?.digest, size: 3000, ...NOTES },
    ]);
  });

  test('is the one of the source where nothing has changed', async () => {
    const plan = await planOf([[TAR, 'gzip']]);
    expect(finalManifest(plan, stored)).toBeUndefined();
  });
});

describe('the format', () => {
  test('is that of the image where the destination takes it', async () => {
    const plan = await planOf([[DOCKER_TAR, 'gzip']], REGISTRY, DOCKER_CONFIG);
    expect(plan.newManifest).toBeUndefined();
  });

  test('is the other one where the destination takes that alone', async () => {
    const onlyDocker = { ...REGISTRY, manifestTypes: [DOCKER_MANIFEST] };
    const plan = await planOf([[`${TAR}+gzip`, 'gzip']], onlyDocker);
    expect(plan.newManifest).toMatchObject({
      mediaType: DOCKER_MANIFEST,
      config: { mediaType: DOCKER_CONFIG, digest: plan.config.digest },
      layers: [{ mediaType: `${DOCKER_TAR}.gzip` }],
    });
    expect(plan.newConfig).toBeUndefined();
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
    const plan = await planImage(
      manifest,
      [{ descriptor: layer, compression: 'none' }],
      { ...REGISTRY, manifestTypes: [OCI_MANIFEST] },
      async () => Buffer.from(config),
    );
    expect(plan.config).toBe(manifest.config);
    expect(Buffer.from(plan.newConfig ?? []).toString()).not.toContain('docker_version');
    expect(plan.newManifest).toMatchObject({
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: digestOf(plan.newConfig ?? new Uint8Array()) },
      layers: [{ mediaType: `${TAR}+gzip` }],
    });
  });

  test('can be none at all', async () => {
    const lists = { ...REGISTRY, manifestTypes: [OCI_INDEX] };
    expect(await thrownBy(planOf([CHANGED], lists))).toMatchObject({
      code: 'UNSUPPORTED',
      origin: 'destination',
    });
  });
});

function pick(descriptor: Descriptor | undefined): Partial<Descriptor> {
  return descriptor === undefined ? {} : { digest: descriptor.digest, size: descriptor.size };
}
