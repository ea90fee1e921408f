import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../../src/image/media-types.ts';
import { parseRegistryReference } from '../../../src/transports/registry/reference.ts';
import type { ImageSource } from '../../../src/transports/transport.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import {
  blobsOf,
  makeImage,
  makeIndex,
  makeLayer,
  noise,
  type MadeBlob,
  type MadeImage,
} from '../../support/make-image.ts';
import { registryOptions } from '../../support/registry-options.ts';
import type { FaultAction } from '../../support/registry/faults.ts';
import { startRegistry } from '../../support/registry/registry.ts';
import { bytesOf } from '../../support/streams.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeContext } from '../../support/transport-context.ts';

const MANIFESTS = /\/manifests\//;
const BLOBS = /\/blobs\//;

let layer: Uint8Array = new Uint8Array();
let image: MadeImage;

beforeAll(async () => {
  layer = await makeLayer({ file: noise(1000) });
  image = makeImage({ layers: [layer] });
});

/** A registry whose requests to such paths go wrong. */
async function openStore(path = /./, action?: FaultAction) {
  const faults = action === undefined ? [] : [{ on: { path, times: Infinity }, do: action }];
  const registry = await startRegistry({ faults });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const repository = registry.repository('team/app');
  const add = (made: MadeImage, tag?: string): void => {
    for (const { bytes } of blobsOf(made)) repository.addBlob(bytes);
    addManifest(made.manifest, tag);
  };
  const addManifest = ({ bytes, descriptor }: MadeBlob, tag?: string): void => {
    repository.addManifest(bytes, descriptor.mediaType, tag);
  };
  return { registry, repository, add, addManifest };
}

async function openSource(host: string, name = ''): Promise<ImageSource> {
  const context = makeContext();
  const source = await parseRegistryReference(`//${host}/team/app${name}`).openSource({
    ...context,
    registry: registryOptions({ tlsVerify: false, clock: fakeClock() }),
  });
  onTestFinished(() => source[Symbol.asyncDispose]());
  return source;
}

describe('an image at a registry', () => {
  test.each(['', ':1.0', 'digest'])('is found by %j', async (name) => {
    const { registry, add } = await openStore();
    add(image, name === '' ? 'latest' : '1.0');
    const { bytes, descriptor } = image.manifest;
    const by = name === 'digest' ? `@${descriptor.digest}` : name;
    const source = await openSource(registry.host, by);
    expect(await source.getManifest()).toEqual({
      bytes: Buffer.from(bytes),
      mediaType: OCI_MANIFEST,
      digest: descriptor.digest,
    });
    expect(registry.requests.map(({ method }) => method)).toEqual(['GET']);
    expect(source.repository).toEqual({ registry: registry.host, path: 'team/app' });
    expect(source.reference.toString()).toBe(
      `docker://${registry.host}/team/app${by === '' ? ':latest' : by}`,
    );
  });

  test.each([
    ['oci', OCI_INDEX],
    ['docker', DOCKER_LIST],
  ] as const)('may be a list with instances (%s)', async (format, mediaType) => {
    const { registry, add, addManifest } = await openStore();
    const { index, images } = makeIndex({ format, images: [{ layers: [] }, { layers: [layer] }] });
    for (const made of images) add(made);
    addManifest(index, '1');
    const source = await openSource(registry.host, ':1');
    const { digest } = index.descriptor;
    expect(await source.getManifest()).toMatchObject({ mediaType, digest });
    for (const { manifest } of images) {
      const {
        bytes,
        mediaType: type,
        digest: instance,
      } = await source.getManifest(manifest.descriptor);
      expect(Buffer.from(manifest.bytes).equals(bytes)).toBe(true);
      expect([type, instance]).toEqual([manifest.descriptor.mediaType, manifest.descriptor.digest]);
    }
    expect(registry.requests.at(-1)?.path).toBe(
      `/v2/team/app/manifests/${images[1]?.manifest.descriptor.digest}`,
    );
  });

  test('gives its blobs whole and in part', async () => {
    const { registry, add } = await openStore();
    add(image, '1');
    const source = await openSource(registry.host, ':1');
    for (const { descriptor, bytes } of [image.config, ...image.layers]) {
      expect((await bytesOf(source.getBlob(descriptor))).equals(bytes)).toBe(true);
      const part = await bytesOf(source.getBlob(descriptor, { start: 3, end: 9 }));
      expect(part.equals(bytes.subarray(3, 9))).toBe(true);
    }
  });

  test('may be known by a digest of another kind', async () => {
    const { bytes } = image.manifest;
    const digest = digestOf(bytes, 'sha512');
    const { registry, repository } = await openStore(MANIFESTS, {
      status: 200,
      body: Buffer.from(bytes).toString(),
      headers: { 'content-type': OCI_MANIFEST },
    });
    repository.addManifest(bytes, OCI_MANIFEST);
    const source = await openSource(registry.host, `@${digest}`);
    expect((await source.getManifest()).digest).toBe(digest);
  });

  test.each([undefined, '', 'text/plain', 'application/json'])(
    'tells by its content what it is where the registry says %j',
    async (type) => {
      const { registry, add } = await openStore(MANIFESTS, {
        changeHeaders: ({ 'content-type': _type, ...others }) =>
          type === undefined ? others : { ...others, 'content-type': type },
      });
      add(makeImage({ layers: [layer], format: 'docker' }), '1');
      const source = await openSource(registry.host, ':1');
      expect((await source.getManifest()).mediaType).toBe(DOCKER_MANIFEST);
    },
  );
});

describe('an answer that is not what was asked for', () => {
  const HTML: FaultAction = { status: 200, body: '<h1>Welcome</h1>' };
  const OTHER: FaultAction = {
    status: 200,
    body: '{"schemaVersion":2}',
    headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
  };

  test.each<readonly [what: string, by: 'tag' | 'digest', action: FaultAction, code: string]>([
    ['a page', 'tag', HTML, 'MANIFEST_INVALID'],
    ['a page', 'digest', HTML, 'DIGEST_MISMATCH'],
    ['another manifest', 'digest', OTHER, 'DIGEST_MISMATCH'],
  ])('%s instead of the image (by %s)', async (_, by, action, code) => {
    const { registry } = await openStore(MANIFESTS, action);
    const { digest } = image.manifest.descriptor;
    const source = await openSource(registry.host, by === 'tag' ? ':1' : `@${digest}`);
    expect(await thrownBy(source.getManifest())).toMatchObject({ code, retryable: false });
  });

  test('another manifest instead of an instance', async () => {
    const { registry } = await openStore(MANIFESTS, OTHER);
    const source = await openSource(registry.host, ':1');
    expect(await thrownBy(source.getManifest(image.manifest.descriptor))).toMatchObject({
      code: 'DIGEST_MISMATCH',
      origin: 'source',
      hint: expect.any(String),
    });
  });

  test('a manifest of more than 4 MiB', async () => {
    const { registry, repository } = await openStore();
    repository.addManifest(Buffer.alloc(4 * 1024 * 1024 + 1), OCI_MANIFEST, '1');
    const source = await openSource(registry.host, ':1');
    expect(await thrownBy(source.getManifest())).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

describe('what cannot be read is a fault of the source', () => {
  type Read = (source: ImageSource) => Promise<unknown>;
  const manifest: Read = (source) => source.getManifest();
  const instance: Read = (source) => source.getManifest(image.manifest.descriptor);
  const blob: Read = (source) => bytesOf(source.getBlob(image.config.descriptor));

  test.each<readonly [what: string, code: string, read: Read, status: number]>([
    ['an image that is not there', 'SOURCE_NOT_FOUND', manifest, 404],
    ['an instance that is not there', 'BLOB_UNKNOWN', instance, 404],
    ['a blob that is not there', 'BLOB_UNKNOWN', blob, 404],
    ['an image that may not be read', 'REGISTRY_DENIED', manifest, 403],
    ['a blob that may not be read', 'REGISTRY_DENIED', blob, 403],
  ])('%s: %s', async (_, code, read, status) => {
    const { registry } = await openStore(/./, { status });
    const error = await thrownBy(read(await openSource(registry.host, ':1')));
    expect(error).toMatchObject({ code, origin: 'source', retryable: false });
    expect(error.hint).toMatch(/check|copy|may not read/);
    expect(registry.requests).toHaveLength(1);
  });

  test('a registry that stays busy', async () => {
    const { registry } = await openStore(BLOBS, { status: 503 });
    const error = await thrownBy(blob(await openSource(registry.host, ':1')));
    expect(error).toMatchObject({ code: 'REGISTRY_STATUS', origin: 'source', retryable: true });
    expect(registry.requests).toHaveLength(5);
  });

  test('a registry on which nobody listens', async () => {
    const error = await thrownBy(manifest(await openSource('127.0.0.1:1', ':1')));
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', origin: 'source' });
  });
});
