/** Pushes whose layers are encrypted, from memory into memory. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { parseList } from '../../src/image/list.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { EncryptionWish } from '../../src/push/options.ts';
import { decryptLayer } from '../support/decryption.ts';
import { curvePair } from '../support/key-pairs.ts';
import {
  blobsOf,
  jsonBlob,
  makeImage,
  makeLayer,
  noise,
  type ImageSpec,
} from '../support/make-image.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { thrownBy } from '../support/thrown.ts';
import {
  memoryDestination,
  memorySource,
  type Journal,
  type MemoryDestination,
} from './memory-image.ts';
import { memoryCache, pushAll, pushOne } from './run-push.ts';
import { blobsIn, imageOf, listOf, sourceOf } from './wished-images.ts';

const PAIR = curvePair('P-256');

let encryption: EncryptionWish;

beforeEach(async () => {
  const file = join(await temporaryDirectory(), 'key');
  await writeFile(file, PAIR.publicKey.export({ format: 'pem', type: 'spki' }));
  encryption = { recipients: [{ protocol: 'jwe', file }], layers: [] };
});

async function largeImage(spec: Partial<ImageSpec> = {}) {
  const layers = [await makeLayer({ a: '1' }), await makeLayer({ b: noise(20_000) })];
  return makeImage({ layers, ...spec });
}

function layersOf({ manifests, current }: MemoryDestination): readonly Descriptor[] {
  const { bytes, mediaType } = manifests.get(current as never) ?? {
    bytes: Buffer.of(),
    mediaType: '',
  };
  return parseImageManifest(bytes, mediaType).layers;
}

function opened({ blobs }: MemoryDestination, layer: Descriptor) {
  return decryptLayer(layer, blobs.get(layer.digest) ?? Buffer.of(), PAIR.privateKey);
}

describe('a layer', () => {
  test('is compressed, and encrypted then', async () => {
    const image = await largeImage({ annotations: { k: 'v' } });
    const destination = memoryDestination();
    const { result } = await pushOne(sourceOf(image), destination, { options: { encryption } });
    for (const [index, layer] of layersOf(destination).entries()) {
      expect(layer.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip+encrypted');
      const { plain, options } = await opened(destination, layer);
      expect(gunzipSync(plain)).toEqual(Buffer.from(image.layers[index]?.bytes ?? ''));
      expect(options.digest).toBe(image.layers[index]?.descriptor.digest);
    }
    expect(
      result.blobs.map(({ role, action, isEncrypted }) => [role, action, isEncrypted]),
    ).toEqual([
      ['layer', 'gzip', true],
      ['layer', 'gzip', true],
      ['config', 'copy', undefined],
    ]);
    expect(destination.blobs.get(image.config.descriptor.digest)).toEqual(
      Buffer.from(image.config.bytes),
    );
  });

  test.each<[what: string, compression: 'none' | 'gzip', kept: readonly string[]]>([
    ['is compressed already keeps what was said of it, but for its parts', 'gzip', ['my.note']],
    ['is compressed on the way does not', 'none', []],
  ])('that %s', async (_, compression, kept) => {
    const image = await imageOf(compression);
    const [layer] = image.layers;
    const annotations = {
      'my.note': 'n',
      'io.github.containers.zstd-chunked.manifest-checksum': 'sha256:a',
    };
    const top = jsonBlob(OCI_MANIFEST, {
      ...(JSON.parse(Buffer.from(image.manifest.bytes).toString()) as object),
      layers: [{ ...layer?.descriptor, annotations, data: 'AAAA' }],
    });
    const destination = memoryDestination();
    await pushOne(memorySource([top, ...blobsOf(image)]), destination, { options: { encryption } });
    const [encrypted] = layersOf(destination);
    expect(Object.keys(encrypted ?? {}).sort()).toEqual([
      'annotations',
      'digest',
      'mediaType',
      'size',
    ]);
    expect(Object.keys(encrypted?.annotations ?? {}).sort()).toEqual([
      ...kept,
      'org.opencontainers.image.enc.keys.jwe',
      'org.opencontainers.image.enc.pubopts',
    ]);
    const { plain } = await opened(destination, encrypted as Descriptor);
    const stored = compression === 'none' ? gunzipSync(plain) : plain;
    expect(stored).toEqual(Buffer.from(layer?.bytes ?? ''));
  });

  test('without a byte is encrypted as any other', async () => {
    const image = makeImage({ layers: [new Uint8Array()] });
    const destination = memoryDestination();
    const options = { encryption, compression: { ...NO_COMPRESSION_WISH, keepPlain: true } };
    await pushOne(sourceOf(image), destination, { options });
    const [layer] = layersOf(destination);
    expect(layer?.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+encrypted');
    expect((await opened(destination, layer as Descriptor)).plain).toHaveLength(0);
  });

  test('has keys of its own in every push', async () => {
    const source = sourceOf(await largeImage());
    const seen = new Set<string>();
    for (let push = 0; push < 2; push += 1) {
      const destination = memoryDestination();
      await pushOne(source, destination, { options: { encryption } });
      for (const layer of layersOf(destination)) {
        const { options } = await opened(destination, layer);
        seen.add(options.symkey).add(options.cipheroptions.nonce);
      }
    }
    expect(seen.size).toBe(8);
  });

  test('is neither remembered nor looked for', async () => {
    const cache = memoryCache();
    const repository = { registry: 'r.test', path: 'a' };
    const image = await largeImage();
    await pushOne(sourceOf(image), memoryDestination(), { cache });
    const known = cache.size();
    const destination = memoryDestination({ repository });
    const { result } = await pushOne(sourceOf(image), destination, {
      cache,
      options: { encryption },
    });
    expect(cache.size()).toBe(known);
    const layers = result.blobs.filter(({ role }) => role === 'layer');
    expect(layers.map(({ how }) => how)).toEqual(['uploaded', 'uploaded']);
    for (const { stored } of layers) {
      expect(cache.repositories('r.test', stored?.digest as never)).toEqual([]);
    }
  });
});

describe('the same bytes', () => {
  test('go to all destinations', async () => {
    const source = sourceOf(await largeImage());
    const destinations = [memoryDestination({ name: 'a' }), memoryDestination({ name: 'b' })];
    await pushAll(source, destinations, { options: { encryption } });
    const [first, second] = destinations.map(({ current }) => current);
    expect(first).toBeDefined();
    expect(first).toBe(second);
  });

  test('come when an upload begins anew', async () => {
    const begun: Buffer[] = [];
    const destination = memoryDestination({
      begin: async (upload) => {
        if (upload.identity) return;
        const { stream } = upload.open();
        const chunks: Uint8Array[] = [];
        for await (const chunk of stream) chunks.push(Buffer.from(chunk));
        begun.push(Buffer.concat(chunks));
      },
    });
    await pushOne(sourceOf(await largeImage()), destination, { options: { encryption } });
    const stored = layersOf(destination).map(({ digest }) => destination.blobs.get(digest));
    expect(begun.toSorted((left, right) => Buffer.compare(left, right))).toEqual(
      stored
        .map((bytes) => Buffer.from(bytes ?? ''))
        .toSorted((left, right) => Buffer.compare(left, right)),
    );
  });

  test('stay when the push is repeated, and are not sent again', async () => {
    let isBusy = true;
    const destination = memoryDestination({
      before: (what) => {
        if (what !== 'manifest' || !isBusy) return;
        isBusy = false;
        throw new OcipushError('REGISTRY_STATUS', 'busy', { retryable: true });
      },
    });
    const { result } = await pushOne(sourceOf(await largeImage()), destination, {
      options: { encryption, retry: 1 },
    });
    expect(result.blobs.map(({ how }) => how)).toEqual(['exists', 'exists', 'exists']);
    expect(destination.blobs.size).toBe(3);
  });
});

test('every image of a list is encrypted, and the list becomes one of OCI', async () => {
  const list = await listOf('docker');
  const destination = memoryDestination();
  const { result } = await pushOne(memorySource(blobsIn(list)), destination, {
    options: { encryption },
  });
  const raw = destination.manifests.get(result.digest);
  expect(raw?.mediaType).toBe(OCI_INDEX);
  for (const { digest } of parseList(raw?.bytes ?? Buffer.of(), OCI_INDEX).instances) {
    const { layers } = parseImageManifest(
      destination.manifests.get(digest)?.bytes ?? Buffer.of(),
      OCI_MANIFEST,
    );
    for (const layer of layers)
      expect((await opened(destination, layer)).plain).not.toHaveLength(0);
  }
});

test('zstd:chunked becomes zstd, with a warning', async () => {
  const destination = memoryDestination();
  const compression = { ...NO_COMPRESSION_WISH, format: 'zstd:chunked' } as const;
  const { events } = await pushOne(sourceOf(await largeImage()), destination, {
    options: { encryption: { ...encryption, layers: [0] }, compression },
  });
  expect(events.filter(({ kind }) => kind === 'warning')).toMatchObject([
    {
      message: expect.stringMatching(/^Compression using zstd:chunked is not beneficial/) as string,
    },
  ]);
  const ends = layersOf(destination).map(({ mediaType }) => mediaType.split('.tar')[1]);
  expect(ends).toEqual(['+zstd+encrypted', '+zstd']);
  expect(layersOf(destination)[1]?.annotations).toBeUndefined();
});

describe('nothing is written', () => {
  test.each<[what: string, options: object, capabilities: object, reason: string]>([
    ['as v2s2', { format: 'v2s2' }, {}, 'does not support encryption'],
    ['as v2s1', { format: 'v2s1' }, {}, 'MIME types'],
    ['where only Docker is taken', {}, { manifestTypes: [DOCKER_MANIFEST] }, 'support encryption'],
    ['where layers are unpacked', {}, { unpacksLayers: true }, 'unpacks layers'],
    ['under its old digest', { preserveDigests: true }, {}, "we can't modify the manifest"],
  ])('%s', async (_, options, capabilities, reason) => {
    const journal: Journal = [];
    const destination = memoryDestination({ journal, capabilities });
    const pushing = pushOne(sourceOf(await largeImage()), destination, {
      options: { encryption, ...options },
    });
    expect(await thrownBy(pushing)).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(reason) as string,
    });
    expect(journal).toEqual(['open', 'close']);
  });

  test('nor read for a key that is none', async () => {
    const source = sourceOf(await largeImage());
    const journal: Journal = [];
    const recipients = [{ protocol: 'jwe', file: '/nonexistent' }] as const;
    const pushing = pushOne(source, memoryDestination({ journal }), {
      options: { encryption: { recipients, layers: [] } },
    });
    expect(await thrownBy(pushing)).toMatchObject({
      code: 'FILE_NOT_FOUND',
      message:
        'unable to obtain encryption config: invalid encryption keys: Unable to read file: open /nonexistent: no such file or directory',
    });
    expect([journal, source.reads.size]).toEqual([[], 0]);
  });
});
