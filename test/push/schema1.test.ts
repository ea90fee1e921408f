/** Images in Docker's first format, written and read. */
import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { parseDockerReference } from '../../src/image/docker-reference.ts';
import { EMPTY_LAYER_DIGEST } from '../../src/image/empty-layer.ts';
import { parseImageConfig } from '../../src/image/image-config.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { DOCKER_MANIFEST, DOCKER_V1_SIGNED, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { manifestDigest } from '../../src/image/manifest-type.ts';
import { parseSchema1 } from '../../src/image/schema1.ts';
import type { PushOptions } from '../../src/push/options.ts';
import {
  blobsOf,
  makeImage,
  makeLayer,
  type MadeBlob,
  type MadeImage,
} from '../support/make-image.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { thrownBy } from '../support/thrown.ts';
import {
  memoryDestination,
  memorySource,
  type Journal,
  type MemoryDestination,
} from './memory-image.ts';
import { pushOne } from './run-push.ts';

const OLD = { manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_V1_SIGNED] };
/** As `dir:` is. */
const KEEPING = { ...OLD, layerCompression: 'preserve' } as const;

async function imageOf(compression: 'none' | 'gzip'): Promise<MadeImage> {
  const layers = [await makeLayer({ a: '1' }), await makeLayer({ b: '2' })];
  const history = [{ created_by: 'one' }, { created_by: 'none', empty_layer: true }, {}];
  return makeImage({ layers, compression, format: 'docker', config: { history } });
}

/** The image in schema 1, as a push writes it, with all its blobs. */
async function writtenAsSchema1(
  image: MadeImage,
): Promise<{ readonly blobs: readonly MadeBlob[]; readonly digest: Digest }> {
  const destination = memoryDestination({ capabilities: OLD });
  const source = memorySource(blobsOf(image).toReversed());
  const { result } = await pushOne(source, destination, { options: { format: 'v2s1' } });
  const manifest = destination.manifests.get(result.digest);
  if (manifest === undefined) throw new Error('nothing was written');
  const { bytes, mediaType, digest } = manifest;
  const blobs = [...destination.blobs].map(([each, content]) => ({
    bytes: content,
    descriptor: { mediaType: '', digest: each, size: content.length },
  }));
  const top = { bytes, descriptor: { mediaType, digest, size: bytes.length } };
  return { blobs: [top, ...blobs], digest };
}

function manifestIn(destination: MemoryDestination) {
  const raw = destination.current && destination.manifests.get(destination.current);
  if (raw === undefined) throw new Error('nothing was written');
  return parseImageManifest(raw.bytes, raw.mediaType);
}

test('an image is written with a layer for each step of its history', async () => {
  const image = await imageOf('none');
  const { blobs } = await writtenAsSchema1(image);
  const { layers } = parseSchema1(blobs[0]?.bytes ?? Buffer.of());
  const stored = new Set(blobs.map(({ descriptor }) => descriptor.digest));
  expect(layers.map(({ digest }) => stored.has(digest))).toEqual(layers.map(() => true));
  expect(layers.filter(({ isEmpty }) => !isEmpty)).toHaveLength(2);
  expect(stored.has(image.config.descriptor.digest)).toBe(false);
});

describe.each(['none', 'gzip'] as const)('an image read from it (%s)', (compression) => {
  test.each([
    ['v2s2', DOCKER_MANIFEST],
    ['oci', OCI_MANIFEST],
    [undefined, DOCKER_MANIFEST],
  ] as const)('becomes %s', async (format, mediaType) => {
    const image = await imageOf(compression);
    const { blobs } = await writtenAsSchema1(image);
    const destination = memoryDestination({ capabilities: OLD });
    await pushOne(memorySource(blobs), destination, { options: { format } });
    const { mediaType: written, config, layers } = manifestIn(destination);
    expect(written).toBe(mediaType);
    const configBytes = destination.blobs.get(config.digest) ?? Buffer.of();
    expect(parseImageConfig(configBytes).diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
    for (const { digest, size } of layers) {
      expect(destination.blobs.get(digest)).toHaveLength(size);
    }
    expect(destination.blobs.has(EMPTY_LAYER_DIGEST)).toBe(false);
  });

  test('stays as it is where all does', async () => {
    const { blobs, digest } = await writtenAsSchema1(await imageOf(compression));
    const destination = memoryDestination({ capabilities: KEEPING });
    await pushOne(memorySource(blobs), destination);
    expect(destination.current).toBe(digest);
    const { bytes } = destination.manifests.get(digest) ?? { bytes: Buffer.of() };
    expect(bytes).toEqual(blobs[0]?.bytes);
    const { layers } = parseSchema1(bytes);
    for (const layer of layers) expect(destination.blobs.has(layer.digest)).toBe(true);
  });

  test('keeps its digest where that is asked for', async () => {
    const { blobs, digest } = await writtenAsSchema1(await imageOf(compression));
    const destination = memoryDestination({ capabilities: OLD });
    await pushOne(memorySource(blobs), destination, { options: { preserveDigests: true } });
    expect(destination.current).toBe(digest);
  });
});

describe('the name in the manifest', () => {
  /** Pushes an image in schema 1 to a place of this name. */
  async function pushedAs(name: string, options: Partial<PushOptions>) {
    const written = await writtenAsSchema1(await imageOf('gzip'));
    const destination = memoryDestination({
      capabilities: KEEPING,
      dockerReference: parseDockerReference(name),
    });
    await pushOne(memorySource(written.blobs), destination, { options });
    const raw = destination.current && destination.manifests.get(destination.current);
    return { manifest: parseSchema1(raw?.bytes ?? Buffer.of()), raw, written };
  }

  test.each<[options: Partial<PushOptions>]>([[{}], [{ format: 'v2s1' }]])(
    'is that of the destination, under a new signature: %j',
    async (options) => {
      const { manifest, raw, written } = await pushedAs('example.com/team/app:2', options);
      expect(manifest).toMatchObject({ name: 'team/app', tag: '2' });
      expect(raw?.digest).not.toBe(written.digest);
      expect(manifestDigest(raw?.bytes ?? Buffer.of())).toBe(raw?.digest);
      const before = parseSchema1(written.blobs[0]?.bytes ?? Buffer.of());
      expect(manifest.layers).toEqual(before.layers);
    },
  );

  // The reference refuses that, though the digest tells whether it is the same image.
  test('stays where the manifest must', async () => {
    const options = { preserveDigests: true };
    const { raw, written } = await pushedAs('example.com/team/app:2', options);
    expect(raw?.bytes).toEqual(written.blobs[0]?.bytes);
  });
});

test('zstd has no place in it', async () => {
  const options = {
    format: 'v2s1',
    compression: { ...NO_COMPRESSION_WISH, format: 'zstd' },
  } as const;
  const source = memorySource(blobsOf(await imageOf('gzip')).toReversed());
  const pushing = pushOne(source, memoryDestination({ capabilities: OLD }), { options });
  expect(await thrownBy(pushing)).toMatchObject({ code: 'UNSUPPORTED', origin: 'usage' });
});

test('a layer of other bytes than the manifest says is not pushed', async () => {
  const { blobs } = await writtenAsSchema1(await imageOf('gzip'));
  const [first] = parseSchema1(blobs[0]?.bytes ?? Buffer.of()).layers;
  const damaged = new Map([[first?.digest ?? digestOf(Buffer.of()), await makeLayer({ c: '3' })]]);
  const journal: Journal = [];
  const pushing = pushOne(memorySource(blobs, { damaged }), memoryDestination({ journal }));
  expect(await thrownBy(pushing)).toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(journal).toEqual(['open', 'close']);
});
