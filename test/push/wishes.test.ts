/** What a user may wish of a push, and what comes of it. */
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import type { Digest } from '../../src/image/digest.ts';
import { parseList } from '../../src/image/list.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import type { PushOptions } from '../../src/push/options.ts';
import { CODECS } from '../../src/transforms/codecs.ts';
import type { RawManifest } from '../../src/transports/transport.ts';
import { blobsOf, jsonBlob, type MadeIndex } from '../support/make-image.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { thrownBy } from '../support/thrown.ts';
import {
  memoryDestination,
  memorySource,
  type Journal,
  type MemoryDestination,
} from './memory-image.ts';
import { memoryCache, pushAll, pushOne } from './run-push.ts';
import { AMD64, ARM, blobsIn, imageOf, listOf, S390X, sourceOf } from './wished-images.ts';

const PPC = { os: 'linux', architecture: 'ppc64le' };

/** What BuildKit puts beside an image: a manifest whose layer is no layer of an image. */
function attestationOf(subject: Digest) {
  const config = jsonBlob('application/vnd.oci.image.config.v1+json', { subject });
  const statement = jsonBlob('application/vnd.in-toto+json', { subject });
  const manifest = jsonBlob(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: config.descriptor,
    layers: [statement.descriptor],
  });
  const entry = {
    ...manifest.descriptor,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: { 'vnd.docker.reference.digest': subject },
  };
  return { entry, blobs: [config, statement, manifest] };
}

function writtenTo(destination: MemoryDestination): RawManifest {
  const manifest = destination.current && destination.manifests.get(destination.current);
  if (manifest === undefined) throw new Error('nothing was written');
  return manifest;
}

function instancesIn({ bytes, mediaType }: RawManifest): readonly Descriptor[] {
  return parseList(bytes, mediaType).instances;
}

function digestAt({ images }: MadeIndex, position: number): Digest {
  const digest = images[position]?.manifest.descriptor.digest;
  if (digest === undefined) throw new Error('no such image');
  return digest;
}

describe('platforms', () => {
  test('one is the image for it, and no list', async () => {
    const list = await listOf();
    const destination = memoryDestination();
    await pushOne(memorySource(blobsIn(list)), destination, { options: { platforms: [ARM] } });
    expect(destination.current).toBe(digestAt(list, 1));
    expect(destination.manifests.size).toBe(1);
  });

  test('one is the image that a destination is named by', async () => {
    const list = await listOf();
    const requiredDigest = digestAt(list, 1);
    const destination = memoryDestination({ capabilities: { requiredDigest } });
    await pushOne(memorySource(blobsIn(list)), destination, { options: { platforms: [ARM] } });
    expect(destination.current).toBe(requiredDigest);
    const other = { capabilities: { requiredDigest: list.index.descriptor.digest } };
    const pushing = pushOne(memorySource(blobsIn(list)), memoryDestination(other), {
      options: { platforms: [ARM] },
    });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'usage' });
  });

  test('several are the list with these alone', async () => {
    const list = await listOf();
    const destination = memoryDestination();
    const platforms = [S390X, AMD64];
    await pushOne(memorySource(blobsIn(list)), destination, { options: { platforms } });
    const digests = instancesIn(writtenTo(destination)).map(({ digest }) => digest);
    expect(digests).toEqual([digestAt(list, 0), digestAt(list, 2)]);
    expect(destination.manifests.size).toBe(3);
  });

  test('without a variant take any', async () => {
    const list = await listOf();
    const destination = memoryDestination();
    const platforms = [{ os: 'linux', architecture: 'arm64' }, AMD64];
    await pushOne(memorySource(blobsIn(list)), destination, { options: { platforms } });
    expect(instancesIn(writtenTo(destination))).toHaveLength(2);
  });

  test('take along what is attested of them', async () => {
    const { images } = await listOf();
    const attestations = images.map(({ manifest }) => attestationOf(manifest.descriptor.digest));
    const top = jsonBlob(OCI_INDEX, {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        ...images.map(({ manifest }, index) => ({
          ...manifest.descriptor,
          platform: [AMD64, ARM, S390X][index],
        })),
        ...attestations.map(({ entry }) => entry),
      ],
    });
    const blobs = [top, ...images.flatMap(blobsOf), ...attestations.flatMap((each) => each.blobs)];
    const destination = memoryDestination();
    const platforms = [AMD64, S390X];
    await pushOne(memorySource(blobs), destination, { options: { platforms } });
    expect(instancesIn(writtenTo(destination)).map(({ digest }) => digest)).toEqual([
      images[0]?.manifest.descriptor.digest,
      images[2]?.manifest.descriptor.digest,
      attestations[0]?.entry.digest,
      attestations[2]?.entry.digest,
    ]);
  });

  test.each([[[PPC]], [[AMD64, PPC]]])(
    'that the list does not have are named: %j',
    async (platforms) => {
      const journal: Journal = [];
      const source = memorySource(blobsIn(await listOf()));
      const pushing = pushOne(source, memoryDestination({ journal }), { options: { platforms } });
      const error = await thrownBy(pushing);
      expect(error).toMatchObject({
        code: 'SOURCE_NOT_FOUND',
        hint: 'the list has linux/amd64, linux/arm64/v8, linux/s390x',
      });
      expect(journal).toEqual(['open', 'close']);
    },
  );

  test.each([
    [[AMD64], true],
    [[ARM], false],
    [[AMD64, AMD64], true],
    [[AMD64, ARM], false],
    [[ARM, AMD64], false],
  ])('are asked of a single image, too: %j', async (platforms, isRight) => {
    const options = { platforms };
    const [outcome] = (await pushAll(sourceOf(await imageOf()), [memoryDestination()], { options }))
      .outcomes;
    expect(outcome).toMatchObject(
      isRight ? { status: 'fulfilled' } : { reason: { code: 'SOURCE_NOT_FOUND' } },
    );
  });
});

describe('instances that are added', () => {
  const zstd = { ...NO_COMPRESSION_WISH, format: 'zstd' } as const;

  test.each<[what: string, wish: Partial<PushOptions>, marks: readonly boolean[]]>([
    ['zstd', { addCompression: ['zstd'] }, [false, false, false, true, true, true]],
    ['gzip, which is there', { addCompression: ['gzip'] }, [false, false, false]],
    [
      'gzip, where all becomes zstd',
      { addCompression: ['gzip'], compression: zstd },
      [false, false, false, true, true, true],
    ],
    [
      'zstd, where all becomes that',
      { addCompression: ['zstd'], compression: zstd },
      [true, true, true],
    ],
  ])('%s', async (_, options, marks) => {
    const destination = memoryDestination();
    await pushOne(memorySource(blobsIn(await listOf())), destination, { options });
    const instances = instancesIn(writtenTo(destination));
    expect(instances.map(({ annotations }) => annotations !== undefined)).toEqual(marks);
    const architectures = instances.map(({ platform }) => platform?.architecture);
    expect(new Set(instances.map(({ digest }) => digest)).size).toBe(marks.length);
    expect(architectures.slice(0, 3)).toEqual(['amd64', 'arm64', 's390x']);
    for (const { digest } of instances) expect(destination.manifests.has(digest)).toBe(true);
  });
});

test('instances that are added have the usual level, whatever the others have', async () => {
  const list = await listOf();
  const cache = memoryCache();
  const compression = { ...NO_COMPRESSION_WISH, format: 'gzip', level: 9 } as const;
  const options = { addCompression: ['zstd'], compression } as const;
  await pushOne(memorySource(blobsIn(list)), memoryDestination(), { options, cache });
  for (const { layers } of list.images) {
    for (const { descriptor } of layers) {
      expect([...cache.recodings(descriptor.digest).keys()]).toEqual([CODECS.zstd.name(undefined)]);
    }
  }
});

describe('instances that cannot be added', () => {
  test('as zstd, in a format that has none', async () => {
    const options = { addCompression: ['zstd'], format: 'v2s2' } as const;
    const source = memorySource(blobsIn(await listOf()));
    const error = await thrownBy(pushOne(source, memoryDestination(), { options }));
    expect(error).toMatchObject({ code: 'UNSUPPORTED', origin: 'usage' });
    expect(error.message).toContain('compression using zstd required together with format');
  });
});

describe('instances that are added where layers are taken as they are', () => {
  // The reference adds the same instances once more.
  test('are compressed', async () => {
    const list = await listOf();
    const destination = memoryDestination({ capabilities: { layerCompression: 'preserve' } });
    const options = { addCompression: ['zstd'] } as const;
    await pushOne(memorySource(blobsIn(list)), destination, { options });
    const [first, , , added] = instancesIn(writtenTo(destination));
    expect(first?.digest).toBe(digestAt(list, 0));
    const manifest = added && destination.manifests.get(added.digest);
    const { layers } = parseImageManifest(manifest?.bytes ?? Buffer.of(), OCI_MANIFEST);
    expect(layers.map(({ mediaType }) => mediaType)).toEqual([
      'application/vnd.oci.image.layer.v1.tar+zstd',
    ]);
  });
});

describe('what only a list can hold', () => {
  const addCompression = ['zstd'] as const;

  test.each<[what: string, wish: Partial<PushOptions>]>([
    ['a list', { addCompression }],
    ['a list', { platforms: [ARM, S390X] }],
    ['an image', { addCompression }],
    ['an image of a list', { addCompression, platforms: [ARM] }],
  ])('is refused where %s becomes one image: %j', async (what, options) => {
    const journal: Journal = [];
    const source = what.includes('list')
      ? memorySource(blobsIn(await listOf()))
      : sourceOf(await imageOf());
    const manifestTypes = what === 'a list' ? [OCI_MANIFEST] : [OCI_MANIFEST, OCI_INDEX];
    const destination = memoryDestination({ journal, capabilities: { manifestTypes } });
    const error = await thrownBy(pushOne(source, destination, { options }));
    expect(error).toMatchObject({ code: 'UNSUPPORTED', origin: 'usage' });
    expect(journal).toEqual(['open', 'close']);
  });
});

describe('annotations', () => {
  const annotations = { k: 'v', 'a.b': '<c>' };

  test.each(['oci', 'docker'] as const)('stand in the manifest (%s)', async (format) => {
    const image = await imageOf('gzip', format);
    const destination = memoryDestination();
    await pushOne(sourceOf(image), destination, { options: { annotations } });
    const { bytes, mediaType } = writtenTo(destination);
    expect(mediaType).toBe(OCI_MANIFEST);
    expect(parseImageManifest(bytes, mediaType).annotations).toEqual(annotations);
  });

  test.each(['oci', 'docker'] as const)('stand in a list, and not below (%s)', async (format) => {
    const list = await listOf(format);
    const destination = memoryDestination();
    await pushOne(memorySource(blobsIn(list)), destination, { options: { annotations } });
    const { bytes, mediaType } = writtenTo(destination);
    expect(mediaType).toBe(OCI_INDEX);
    expect(parseList(bytes, mediaType).annotations).toEqual(annotations);
    expect(instancesIn(writtenTo(destination)).map(({ digest }) => digest)).toEqual(
      list.images.map(({ manifest }) => manifest.descriptor.digest),
    );
  });

  test('are refused where the format has none', async () => {
    const options = { annotations, format: 'v2s2' } as const;
    const pushing = pushOne(sourceOf(await imageOf()), memoryDestination(), { options });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'UNSUPPORTED', origin: 'usage' });
  });
});

describe('a format', () => {
  test.each([
    ['oci', 'v2s2', DOCKER_MANIFEST],
    ['docker', 'oci', OCI_MANIFEST],
    ['docker', 'v2s2', DOCKER_MANIFEST],
  ] as const)('%s as %s', async (from, format, mediaType) => {
    const destination = memoryDestination();
    await pushOne(sourceOf(await imageOf('gzip', from)), destination, { options: { format } });
    expect(writtenTo(destination).mediaType).toBe(mediaType);
  });

  test('of a list is that of its instances, too', async () => {
    const destination = memoryDestination();
    const source = memorySource(blobsIn(await listOf()));
    await pushOne(source, destination, { options: { format: 'v2s2' } });
    const types = instancesIn(writtenTo(destination)).map(({ mediaType }) => mediaType);
    expect([writtenTo(destination).mediaType, ...new Set(types)]).toEqual([
      DOCKER_LIST,
      DOCKER_MANIFEST,
    ]);
  });
});

describe('a format that the destination refuses', () => {
  const refusing = (...types: readonly string[]): MemoryDestination =>
    memoryDestination({
      before: (_what, _signal, manifest) => {
        if (manifest === undefined || !types.includes(manifest.mediaType)) return;
        throw new OcipushError('MANIFEST_REJECTED', `no ${manifest.mediaType}`);
      },
    });

  test.each([
    ['oci', OCI_MANIFEST, DOCKER_MANIFEST],
    ['docker', DOCKER_MANIFEST, OCI_MANIFEST],
  ] as const)('gives way to the next (%s)', async (format, refused, accepted) => {
    const image = await imageOf('none', format);
    const destination = refusing(refused);
    const { result } = await pushOne(sourceOf(image), destination);
    const { bytes, mediaType } = writtenTo(destination);
    expect([result.mediaType, mediaType]).toEqual([accepted, accepted]);
    const { config, layers } = parseImageManifest(bytes, mediaType);
    for (const blob of [config, ...layers]) {
      expect(destination.blobs.get(blob.digest)).toHaveLength(blob.size);
    }
  });

  test('of a list, as well', async () => {
    const destination = refusing(OCI_INDEX);
    await pushOne(memorySource(blobsIn(await listOf())), destination);
    expect(writtenTo(destination).mediaType).toBe(DOCKER_LIST);
  });

  test('is the error where it was asked for', async () => {
    const options = { format: 'oci' } as const;
    const pushing = pushOne(sourceOf(await imageOf()), refusing(OCI_MANIFEST), { options });
    expect(await thrownBy(pushing)).toMatchObject({
      code: 'MANIFEST_REJECTED',
      message: `writing manifest: no ${OCI_MANIFEST}`,
    });
  });

  test('stands in the error beside all others', async () => {
    const pushing = pushOne(sourceOf(await imageOf()), refusing(OCI_MANIFEST, DOCKER_MANIFEST));
    const error = await thrownBy(pushing);
    expect(error.code).toBe('MANIFEST_REJECTED');
    expect(error.message).toBe(
      'Uploading manifest failed, attempted the following formats: ' +
        `${OCI_MANIFEST}(writing manifest: no ${OCI_MANIFEST}), ` +
        `${DOCKER_MANIFEST}(writing manifest: no ${DOCKER_MANIFEST})`,
    );
  });
});
