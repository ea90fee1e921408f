/** Destinations that write one image in different formats, and share what they can. */
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { digestOf } from '../../src/image/digest.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import type { PushOptions } from '../../src/push/options.ts';
import { blobsOf, makeImage, makeIndex, makeLayer, noise } from '../support/make-image.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { memoryDestination, memorySource, type MemoryDestination } from './memory-image.ts';
import { pushAll } from './run-push.ts';

const OCI_ONLY = { manifestTypes: [OCI_MANIFEST, OCI_INDEX] };
const DOCKER_ONLY = { manifestTypes: [DOCKER_MANIFEST, DOCKER_LIST] };

async function imageOf(format: 'oci' | 'docker', compression: 'none' | 'gzip' = 'none') {
  const layers = [
    await makeLayer({ a: noise(20_000) }),
    await makeLayer({ b: '2' }),
    await makeLayer({ c: '3' }),
  ];
  // What OCI does not have makes another config of it, which must be stored as well.
  return { format, compression, layers, config: { docker_version: '27.0' } };
}

function expectWhole(destination: MemoryDestination, mediaType: string): void {
  const written = [...destination.manifests.values()];
  expect(written.map((manifest) => manifest.mediaType)).toContain(mediaType);
  for (const manifest of written) {
    if (manifest.mediaType !== mediaType) continue;
    const { config, layers } = parseImageManifest(manifest.bytes, mediaType);
    for (const { digest, size } of [config, ...layers]) {
      expect(destination.blobs.get(digest)).toHaveLength(size);
      expect(digestOf(destination.blobs.get(digest) ?? Buffer.of())).toBe(digest);
    }
  }
}

const KINDS = [
  ['oci', 'none', 1],
  ['oci', 'gzip', 6],
  ['docker', 'none', 1],
  ['docker', 'gzip', 6],
] as const;

describe('an OCI and a Docker destination do not wait for each other', () => {
  test.each(KINDS)(
    'with an image as %s, layers %s, %i at once',
    async (format, compression, jobs) => {
      const image = makeImage(await imageOf(format, compression));
      const source = memorySource(blobsOf(image).toReversed());
      const oci = memoryDestination({ capabilities: OCI_ONLY });
      const docker = memoryDestination({ capabilities: DOCKER_ONLY });
      for (const destinations of [
        [oci, docker],
        [docker, oci],
      ]) {
        const { outcomes } = await pushAll(source, destinations, { options: { jobs } });
        expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      }
      expectWhole(oci, OCI_MANIFEST);
      expectWhole(docker, DOCKER_MANIFEST);
    },
  );

  test.each(KINDS)(
    'with a list as %s, layers %s, %i at once',
    async (format, compression, jobs) => {
      const image = await imageOf(format, compression);
      const arm = { os: 'linux', architecture: 'arm64' };
      const other = { ...image, layers: image.layers.slice(1), platform: arm };
      const { index, images } = makeIndex({ format, images: [image, other] });
      const source = memorySource([index, ...images.flatMap(blobsOf)]);
      const oci = memoryDestination({ capabilities: OCI_ONLY });
      const docker = memoryDestination({ capabilities: DOCKER_ONLY });
      const { outcomes } = await pushAll(source, [oci, docker], { options: { jobs } });
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      expectWhole(oci, OCI_MANIFEST);
      expectWhole(docker, DOCKER_MANIFEST);
      for (const { layers } of images) {
        for (const { descriptor } of layers) expect(source.reads.get(descriptor.digest)).toBe(1);
      }
    },
  );

  test.each<[what: string, options: Partial<PushOptions>]>([
    ['one has no place for the wish', { compression: { ...NO_COMPRESSION_WISH, format: 'zstd' } }],
    ['one has no place for annotations', { annotations: { a: 'b' } }],
  ])('where %s, and fails before it begins', async (_, options) => {
    const image = makeImage(await imageOf('docker'));
    const oci = memoryDestination({ capabilities: OCI_ONLY });
    const docker = memoryDestination({ capabilities: DOCKER_ONLY });
    const source = memorySource(blobsOf(image).toReversed());
    const { outcomes } = await pushAll(source, [docker, oci], { options: { ...options, jobs: 1 } });
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expectWhole(oci, OCI_MANIFEST);
    expect(docker.blobs.size).toBe(0);
  });
});

describe('a destination that must be written in another format after all', () => {
  test.each([
    ['oci', OCI_MANIFEST, DOCKER_MANIFEST],
    ['docker', DOCKER_MANIFEST, OCI_MANIFEST],
  ] as const)('holds up nobody (%s)', async (format, refused, accepted) => {
    const image = makeImage(await imageOf(format));
    const source = memorySource(blobsOf(image).toReversed());
    const choosy = memoryDestination({
      before: (_what, _signal, manifest) => {
        if (manifest?.mediaType === refused) throw new OcipushError('MANIFEST_REJECTED', 'no');
      },
    });
    const [oci, docker] = [OCI_ONLY, DOCKER_ONLY].map((capabilities) =>
      memoryDestination({ capabilities }),
    ) as [MemoryDestination, MemoryDestination];
    const { outcomes } = await pushAll(source, [choosy, oci, docker], { options: { jobs: 1 } });
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expectWhole(choosy, accepted);
    expectWhole(oci, OCI_MANIFEST);
    expectWhole(docker, DOCKER_MANIFEST);
    for (const { descriptor } of image.layers) expect(source.reads.get(descriptor.digest)).toBe(1);
  });

  test('is asked in the first one again when the push is repeated', async () => {
    const asked: string[] = [];
    const image = makeImage(await imageOf('oci'));
    const destination = memoryDestination({
      before: (_what, _signal, manifest) => {
        if (manifest === undefined) return;
        asked.push(manifest.mediaType);
        if (manifest.mediaType === OCI_MANIFEST) throw new OcipushError('MANIFEST_REJECTED', 'no');
        if (asked.length < 4) {
          throw new OcipushError('REGISTRY_STATUS', 'busy', { retryable: true });
        }
      },
    });
    const source = memorySource(blobsOf(image).toReversed());
    const { outcomes } = await pushAll(source, [destination], { options: { retry: 1 } });
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { mediaType: DOCKER_MANIFEST } },
    ]);
    expect(asked).toEqual([OCI_MANIFEST, DOCKER_MANIFEST, OCI_MANIFEST, DOCKER_MANIFEST]);
  });
});
