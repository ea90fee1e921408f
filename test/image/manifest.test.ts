/** Image manifests: the reference's bytes come out again, and faults are refused. */
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import {
  encodeImageManifest,
  parseImageManifest,
  type ImageManifest,
} from '../../src/image/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  OCI_CONFIG,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { fixture } from './fixture.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });
const EMPTY = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: digestOf(Buffer.from('{}')),
  size: 2,
};
const LAYER = { ...EMPTY, mediaType: 'a/layer' };

function parse(manifest: object, mediaType: string): ImageManifest {
  return parseImageManifest(Buffer.from(JSON.stringify(manifest)), mediaType);
}

describe('parse and encode', () => {
  test.each([
    ['oci.json', OCI_MANIFEST],
    ['oci-from-docker.json', OCI_MANIFEST],
    ['oci-rewritten.json', OCI_MANIFEST],
    ['docker-v2s2.json', DOCKER_MANIFEST],
  ])('%s comes out as it was', (name, mediaType) => {
    const bytes = fixture(name);
    const manifest = parseImageManifest(bytes, mediaType);
    expect(Buffer.from(encodeImageManifest(manifest))).toEqual(bytes);
  });

  test('an awkward manifest comes out as the reference writes it', () => {
    const source = parseImageManifest(fixture('oci-source.json'), OCI_MANIFEST);
    const { layers } = parseImageManifest(fixture('oci-rewritten.json'), OCI_MANIFEST);
    const { digest, size } = parseImageManifest(fixture('oci-rewritten.json'), OCI_MANIFEST).config;
    const encoded = encodeImageManifest({
      ...source,
      layers,
      config: { ...source.config, digest, size },
    });
    expect(Buffer.from(encoded)).toEqual(fixture('oci-rewritten.json'));
  });

  test('an artifact keeps all that OCI knows, in the order of the structs', () => {
    const layer =
      `{"mediaType":"a/layer","digest":"${LAYER.digest}","size":2,"urls":["https://e.org"],` +
      '"annotations":{"a":"b"},"data":"e30=","platform":{"architecture":"arm64","os":"linux",' +
      '"os.version":"1","os.features":["f"],"variant":"v8"},"artifactType":"a/b"}';
    const config = `{"mediaType":"${EMPTY.mediaType}","digest":"${EMPTY.digest}","size":2}`;
    const json =
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","artifactType":"a/b","config":${config},` +
      `"layers":[${layer}],"subject":${layer},"annotations":{"k":"v"}}`;
    const manifest = parseImageManifest(Buffer.from(json), OCI_MANIFEST);
    expect(manifest).toMatchObject({ artifactType: 'a/b', config: EMPTY, namesMediaType: true });
    expect(Buffer.from(encodeImageManifest(manifest)).toString()).toBe(json);
  });

  test('a Docker manifest has nothing but its own fields', () => {
    const annotated = { ...LAYER, annotations: { a: 'b' }, platform: undefined, data: 'e30=' };
    const manifest = parse(
      {
        schemaVersion: 2,
        mediaType: DOCKER_MANIFEST,
        config: { ...annotated, mediaType: DOCKER_CONFIG },
        layers: [{ ...annotated, urls: ['https://e.org/l'] }],
        annotations: { k: 'v' },
        subject: LAYER,
      },
      DOCKER_MANIFEST,
    );
    expect(manifest).toEqual({
      mediaType: DOCKER_MANIFEST,
      config: { ...LAYER, mediaType: DOCKER_CONFIG },
      layers: [{ ...LAYER, urls: ['https://e.org/l'] }],
      namesMediaType: true,
    });
    expect(Buffer.from(encodeImageManifest(manifest)).toString()).toBe(
      `{"schemaVersion":2,"mediaType":"${DOCKER_MANIFEST}","config":{"mediaType":` +
        `"${DOCKER_CONFIG}","size":2,"digest":"${LAYER.digest}"},"layers":[{"mediaType":` +
        `"a/layer","size":2,"digest":"${LAYER.digest}","urls":["https://e.org/l"]}]}`,
    );
  });

  test('empty members are not written, null layers are none', () => {
    const manifest = parse(
      {
        schemaVersion: 2,
        artifactType: '',
        config: { ...EMPTY, urls: [], annotations: {}, data: '' },
        layers: null,
        annotations: {},
      },
      OCI_MANIFEST,
    );
    expect(manifest).toMatchObject({ layers: [], namesMediaType: false });
    expect(Buffer.from(encodeImageManifest(manifest)).toString()).toBe(
      `{"schemaVersion":2,"config":${JSON.stringify(EMPTY)},"layers":[]}`,
    );
  });
});

describe('parseImageManifest refuses', () => {
  const valid = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { ...EMPTY, mediaType: OCI_CONFIG },
    layers: [LAYER],
  };

  test('nothing of the valid manifest', () => {
    expect(parse(valid, OCI_MANIFEST).layers).toEqual([LAYER]);
  });

  test.each<[object]>([
    [{ schemaVersion: 1 }],
    [{ config: undefined }],
    [{ config: null }],
    [{ config: {} }],
    [{ config: { ...EMPTY, mediaType: undefined } }],
    [{ layers: undefined }],
    [{ layers: {} }],
    [{ layers: [null] }],
    [{ layers: [{ ...LAYER, digest: 'sha256:../../etc/passwd' }] }],
    [{ layers: [{ ...LAYER, size: -1 }] }],
    [{ layers: [{ ...LAYER, size: 2 ** 60 }] }],
    [{ layers: [{ ...LAYER, size: undefined }] }],
    [{ layers: [{ ...LAYER, urls: 'https://e.org' }] }],
    [{ layers: [{ ...LAYER, annotations: { a: 1 } }] }],
    [{ annotations: [] }],
    [{ artifactType: 1 }],
    [{ subject: 'x' }],
    [{ manifests: [] }],
    [{ fsLayers: [] }],
    [{ Layers: [] }],
  ])('%j', (change) => {
    expect(() => parse({ ...valid, ...change }, OCI_MANIFEST)).toThrow(INVALID);
  });

  test.each([[DOCKER_LIST], [DOCKER_V1], ['']])('the type %j', (mediaType) => {
    expect(() => parse({ ...valid, mediaType }, mediaType)).toThrow(INVALID);
  });
});
