import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { parseList } from '../../src/image/list.ts';
import {
  blobOf,
  blobsOf,
  jsonBlob,
  makeIndex,
  makeLayer,
  type IndexSpec,
  type MadeBlob,
  type MadeIndex,
} from '../support/make-image.ts';
import { thrownBy } from '../support/thrown.ts';
import {
  memoryDestination,
  memorySource,
  type Journal,
  type MemoryDestination,
} from './memory-image.ts';
import { memoryCache, pushOne } from './run-push.ts';

const ARM = { os: 'linux', architecture: 'arm64', variant: 'v8' };
const TAR = 'application/vnd.oci.image.layer.v1.tar';

/** A list of two images, one for amd64 and one for arm64, which share their first layer. */
async function listOf(
  compression: 'none' | 'gzip' = 'gzip',
  spec: Partial<IndexSpec> = {},
): Promise<MadeIndex> {
  const base = await makeLayer({ base: 'b' });
  return makeIndex({
    images: [
      { layers: [base, await makeLayer({ amd: '1' })], compression },
      { layers: [base, await makeLayer({ arm: '2' })], compression, platform: ARM },
    ],
    ...spec,
  });
}

function blobsIn({ index, images }: MadeIndex): readonly MadeBlob[] {
  return [index, ...images.flatMap(blobsOf)];
}

function writtenAs(destination: MemoryDestination, digest: Digest | undefined) {
  const manifest = digest && destination.manifests.get(digest);
  if (manifest === undefined) throw new Error(`${digest} was not written`);
  return manifest;
}

/** A list that stands for these manifests and lists. */
function listAround(...contents: readonly MadeBlob[]): MadeBlob {
  const manifests = contents.map(({ descriptor }) => descriptor);
  return jsonBlob(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
}

describe('a list', () => {
  test('comes after all that it names', async () => {
    const journal: Journal = [];
    const list = await listOf();
    const destination = memoryDestination({ journal });
    const source = memorySource(blobsIn(list));
    const { result, events } = await pushOne(source, destination, { journal });
    expect(journal.filter((entry) => !entry.startsWith('blob-'))).toEqual([
      'open',
      'reading-signatures',
      'current',
      'begin',
      'list',
      'instance',
      'writing-manifest',
      'instance',
      'instance',
      'writing-manifest',
      'instance',
      'writing-manifest',
      'manifest',
      'commit',
      'close',
    ]);
    const [first, second] = list.images.map(({ manifest }) => manifest.descriptor.digest);
    expect(events.filter(({ kind }) => !kind.startsWith('blob-'))).toEqual([
      { kind: 'reading-signatures', of: 'list' },
      { kind: 'list', copies: 2, total: 2 },
      { kind: 'instance', digest: first, index: 0, of: 2, isAdded: false },
      { kind: 'writing-manifest', of: 'image' },
      { kind: 'instance', digest: second, index: 1, of: 2, isAdded: false },
      { kind: 'writing-manifest', of: 'image' },
      { kind: 'writing-manifest', of: 'list' },
    ]);
    expect(result).toMatchObject({ digest: list.index.descriptor.digest, mediaType: OCI_INDEX });
    expect(result.blobs).toHaveLength(5); // the base is in both
  });

  test('keeps its bytes where nothing has changed', async () => {
    const list = await listOf('gzip', { annotations: { a: '<b>' } });
    const destination = memoryDestination();
    await pushOne(memorySource(blobsIn(list)), destination);
    expect(writtenAs(destination, destination.current).bytes).toEqual(list.index.bytes);
  });

  test('names what its instances have become', async () => {
    const list = await listOf('none', { annotations: { a: 'b' } });
    const destination = memoryDestination();
    const { result } = await pushOne(memorySource(blobsIn(list)), destination);
    const written = parseList(writtenAs(destination, result.digest).bytes, OCI_INDEX);
    expect(written.annotations).toEqual({ a: 'b' });
    expect(written.instances.map(({ platform }) => platform)).toEqual([
      { os: 'linux', architecture: 'amd64' },
      ARM,
    ]);
    for (const { digest, size, mediaType } of written.instances) {
      const { bytes } = writtenAs(destination, digest);
      expect([mediaType, bytes.length]).toEqual([OCI_MANIFEST, size]);
      for (const layer of parseImageManifest(bytes, mediaType).layers) {
        expect(layer.mediaType).toBe(`${TAR}+gzip`);
        expect(destination.blobs.get(layer.digest)).toHaveLength(layer.size);
      }
    }
  });

  test.each(['none', 'gzip'] as const)(
    'that is there already costs one question (%s)',
    async (compression) => {
      const journal: Journal = [];
      const cache = memoryCache();
      const source = memorySource(blobsIn(await listOf(compression)));
      const destination = memoryDestination({ journal });
      const { result: first } = await pushOne(source, destination, { cache });
      journal.length = 0;
      const { result } = await pushOne(source, destination, { cache, journal });
      expect(journal).toEqual(['open', 'reading-signatures', 'current', 'unchanged', 'close']);
      expect(result).toEqual({ ...first, status: 'unchanged', blobs: [] });
    },
  );

  test('of Docker’s kind stays one', async () => {
    const list = await listOf('none', { format: 'docker' });
    const destination = memoryDestination();
    const { result } = await pushOne(memorySource(blobsIn(list)), destination);
    expect(result.mediaType).toBe(DOCKER_LIST);
    const { instances } = parseList(writtenAs(destination, result.digest).bytes, DOCKER_LIST);
    expect(instances.map(({ mediaType }) => mediaType)).toEqual([DOCKER_MANIFEST, DOCKER_MANIFEST]);
  });

  test('may name an image twice', async () => {
    const { images } = await listOf('none');
    const [image] = images;
    const top = listAround(...[image, image].flatMap((one) => (one ? [one.manifest] : [])));
    const destination = memoryDestination();
    const source = memorySource([top, ...images.flatMap(blobsOf)]);
    const { result } = await pushOne(source, destination);
    const { instances } = parseList(writtenAs(destination, result.digest).bytes, OCI_INDEX);
    expect(instances[0]).toEqual(instances[1]);
    expect(destination.manifests.has(instances[0]?.digest ?? result.digest)).toBe(true);
    expect(Math.max(...source.reads.values())).toBe(1);
  });

  test('may name lists', async () => {
    const list = await listOf('none');
    const top = listAround(list.index);
    const destination = memoryDestination();
    const { result } = await pushOne(memorySource([top, ...blobsIn(list)]), destination);
    const [inner] = parseList(writtenAs(destination, result.digest).bytes, OCI_INDEX).instances;
    const { instances } = parseList(writtenAs(destination, inner?.digest).bytes, OCI_INDEX);
    for (const { digest } of instances) writtenAs(destination, digest);
    expect(instances).toHaveLength(2);
  });

  test('may be empty', async () => {
    const top = listAround();
    const destination = memoryDestination();
    await pushOne(memorySource([top]), destination);
    expect(destination.current).toBe(top.descriptor.digest);
  });

  test('may hold lists in lists, but not without end', async () => {
    const nested = (depth: number): MadeBlob[] => {
      const inner = depth === 1 ? [] : nested(depth - 1);
      return [listAround(...inner.slice(0, 1)), ...inner];
    };
    await pushOne(memorySource(nested(8)), memoryDestination());
    const pushing = pushOne(memorySource(nested(9)), memoryDestination());
    expect(await thrownBy(pushing)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test.each([
    ['lists in lists', 7, 40, 0],
    ['one large image again and again', 1, 40, 2_000_000],
  ])('may not stand for more than can be held: %s', async (_, depth, width, padding) => {
    const journal: Journal = [];
    const config = jsonBlob('application/vnd.oci.empty.v1+json', {});
    const image = jsonBlob(OCI_MANIFEST, {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: config.descriptor,
      layers: [],
      annotations: { padding: ' '.repeat(padding) },
    });
    const blobs = [image, config];
    for (let level = 0; level < depth; level += 1) {
      blobs.unshift(listAround(...Array.from({ length: width }, () => blobs[0] ?? image)));
    }
    const pushing = pushOne(memorySource(blobs), memoryDestination({ journal }));
    expect(await thrownBy(pushing)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(journal).toEqual(['open', 'close']);
  });

  test('may hold a layer in two forms', async () => {
    const tar = blobOf(await makeLayer({ a: '1' }), TAR);
    const config = jsonBlob('application/vnd.oci.empty.v1+json', {});
    const artifact = jsonBlob(OCI_MANIFEST, {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: config.descriptor,
      layers: [tar.descriptor],
    });
    const list = makeIndex({ images: [{ layers: [tar.bytes] }] });
    const [image] = list.images;
    const top = listAround(image?.manifest ?? artifact, artifact);
    const destination = memoryDestination();
    const source = memorySource([top, artifact, config, tar, ...blobsIn(list)]);
    const { result } = await pushOne(source, destination);
    const { instances } = parseList(writtenAs(destination, result.digest).bytes, OCI_INDEX);
    for (const { digest, mediaType } of instances) {
      const manifest = parseImageManifest(writtenAs(destination, digest).bytes, mediaType);
      for (const blob of [manifest.config, ...manifest.layers]) {
        expect(destination.blobs.get(blob.digest)).toHaveLength(blob.size);
      }
    }
    expect(instances[1]?.digest).toBe(artifact.descriptor.digest);
    expect(destination.blobs.has(tar.descriptor.digest)).toBe(true);
  });
});

describe('of a list, a destination that takes none', () => {
  const capabilities = { manifestTypes: [OCI_MANIFEST] };

  test.each([
    ['amd64', 0],
    ['arm64', 1],
  ])('gets the image for %s', async (architecture, position) => {
    const list = await listOf();
    const destination = memoryDestination({ capabilities });
    const { result, events } = await pushOne(memorySource(blobsIn(list)), destination, {
      options: { platform: { os: 'linux', architecture } },
    });
    expect(result.digest).toBe(list.images[position]?.manifest.descriptor.digest);
    expect(destination.manifests.size).toBe(1);
    expect(events.map(({ kind }) => kind)).not.toContain('list');
  });

  test('gets its image where it is named by the digest of the list', async () => {
    const list = await listOf('none');
    const requiredDigest = list.index.descriptor.digest;
    const destination = memoryDestination({ capabilities: { ...capabilities, requiredDigest } });
    const { result } = await pushOne(memorySource(blobsIn(list)), destination, {
      options: { platform: ARM },
    });
    expect(result.digest).toBe(list.images[1]?.manifest.descriptor.digest);
  });

  test('gets the image that a list in the list has', async () => {
    const inner = await listOf();
    const top = listAround({
      ...inner.index,
      descriptor: { ...inner.index.descriptor, platform: ARM },
    });
    const destination = memoryDestination({ capabilities });
    const source = memorySource([top, ...blobsIn(inner)]);
    const { result } = await pushOne(source, destination, { options: { platform: ARM } });
    expect(result.digest).toBe(inner.images[1]?.manifest.descriptor.digest);
  });

  test('gets nothing where there is no image for the platform', async () => {
    const platform = { os: 'linux', architecture: 's390x' };
    const pushing = pushOne(
      memorySource(blobsIn(await listOf())),
      memoryDestination({ capabilities }),
      {
        options: { platform },
      },
    );
    expect(await thrownBy(pushing)).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});

describe('an instance', () => {
  test('of other bytes than the list says is not pushed', async () => {
    const journal: Journal = [];
    const list = await listOf();
    const digest = list.images[1]?.manifest.descriptor.digest ?? list.index.descriptor.digest;
    const other = list.images[0]?.manifest.bytes ?? Buffer.of();
    const source = memorySource(blobsIn(list), { damaged: new Map([[digest, other]]) });
    const error = await thrownBy(pushOne(source, memoryDestination({ journal })));
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source' });
    expect(error.message).toContain(`expected ${digest}, got ${digestOf(other)}`);
    expect(journal).toEqual(['open', 'close']);
  });

  test('that is missing is found out before anything is written', async () => {
    const journal: Journal = [];
    const list = await listOf();
    const blobs = [list.index, ...list.images.slice(0, 1).flatMap(blobsOf)];
    const error = await thrownBy(pushOne(memorySource(blobs), memoryDestination({ journal })));
    expect(error).toMatchObject({ code: 'BLOB_UNKNOWN', origin: 'source' });
    expect(journal).toEqual(['open', 'close']);
  });

  test.each([['application/vnd.docker.distribution.manifest.v1+json'], ['text/plain']])(
    'of type %s is none',
    async (type) => {
      const odd = jsonBlob(type, { schemaVersion: 1 });
      const source = memorySource([listAround(odd), odd]);
      const error = await thrownBy(pushOne(source, memoryDestination()));
      expect(error.code).toBe('MANIFEST_INVALID');
    },
  );

  test('that is signed is not stripped of that without a word', async () => {
    const list = await listOf();
    const signed = list.images[1]?.manifest.descriptor.digest;
    const source = memorySource(blobsIn(list), { signed: (instance) => instance === signed });
    const journal: Journal = [];
    const error = await thrownBy(pushOne(source, memoryDestination({ journal })));
    expect(error.code).toBe('UNSUPPORTED');
    expect(journal).toEqual(['open', 'close']);
    await pushOne(source, memoryDestination(), { options: { removeSignatures: true } });
  });
});
