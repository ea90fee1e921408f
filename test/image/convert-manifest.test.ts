/** Manifests become the bytes that the reference makes of them; what has no other form is refused. */
import { describe, expect, test } from 'vitest';
import { toDockerManifest, toOciManifest } from '../../src/image/convert-manifest.ts';
import { digestOf } from '../../src/image/digest.ts';
import {
  encodeImageManifest,
  parseImageManifest,
  type ImageManifest,
} from '../../src/image/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { fixture } from './fixture.ts';

const UNSUPPORTED = expect.objectContaining({
  code: 'UNSUPPORTED',
  hint: expect.stringMatching(/./),
});

const OCI = 'application/vnd.oci.image.layer.v1.tar';
const OCI_FOREIGN = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
const DOCKER = 'application/vnd.docker.image.rootfs.diff.tar';
const DOCKER_FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar';

const BLOB = { digest: digestOf(Buffer.from('blob')), size: 4 };
const CONFIG = fixture('config.json');

const oci: ImageManifest = {
  mediaType: OCI_MANIFEST,
  config: { ...BLOB, mediaType: OCI_CONFIG },
  layers: [],
  namesMediaType: true,
};
const docker: ImageManifest = {
  ...oci,
  mediaType: DOCKER_MANIFEST,
  config: { ...BLOB, mediaType: DOCKER_CONFIG },
};

function withLayer(manifest: ImageManifest, mediaType: string): ImageManifest {
  return { ...manifest, layers: [{ ...BLOB, mediaType }] };
}

describe('there and back', () => {
  test('OCI to Docker', () => {
    const converted = toDockerManifest(parseImageManifest(fixture('oci.json'), OCI_MANIFEST));
    expect(Buffer.from(encodeImageManifest(converted))).toEqual(fixture('docker-v2s2.json'));
  });

  test('Docker to OCI', () => {
    const source = parseImageManifest(fixture('docker-v2s2.json'), DOCKER_MANIFEST);
    const { manifest, config } = toOciManifest(source, CONFIG);
    expect(Buffer.from(encodeImageManifest(manifest))).toEqual(fixture('oci-from-docker.json'));
    expect(Buffer.from(config)).toEqual(fixture('config-from-docker.json'));
  });

  test.each([
    [OCI, DOCKER],
    [`${OCI}+gzip`, `${DOCKER}.gzip`],
    [OCI_FOREIGN, DOCKER_FOREIGN],
    [`${OCI_FOREIGN}+gzip`, `${DOCKER_FOREIGN}.gzip`],
  ])('the layer type %s is %s', (ociType, dockerType) => {
    expect(toDockerManifest(withLayer(oci, ociType)).layers).toEqual([
      { ...BLOB, mediaType: dockerType },
    ]);
    expect(toOciManifest(withLayer(docker, dockerType), CONFIG).manifest.layers).toEqual([
      { ...BLOB, mediaType: ociType },
    ]);
  });

  test('the zstd type of Docker has an OCI form', () => {
    const { manifest } = toOciManifest(withLayer(docker, `${DOCKER}.zstd`), CONFIG);
    expect(manifest.layers).toEqual([{ ...BLOB, mediaType: `${OCI}+zstd` }]);
  });
});

describe('toDockerManifest', () => {
  test('keeps the URLs of foreign layers, and drops what Docker does not have', () => {
    const urls = ['https://e.org/l'];
    const platform = { architecture: 'arm64', os: 'linux' };
    const extra = { annotations: { a: 'b' }, data: 'e30=', platform, artifactType: 'a/b' };
    const layer = { ...BLOB, mediaType: OCI_FOREIGN, urls };
    const { config } = oci;
    expect(
      toDockerManifest({
        ...oci,
        config: { ...config, ...extra },
        layers: [{ ...layer, ...extra }],
        subject: config,
        annotations: { k: 'v' },
        artifactType: 'a/b',
        namesMediaType: false,
      }),
    ).toStrictEqual({ ...docker, layers: [{ ...layer, mediaType: DOCKER_FOREIGN }] });
  });

  test.each([
    [`${OCI}+zstd`, /^Error during manifest conversion: "[^"]+": zstd compression is not/],
    [`${OCI_FOREIGN}+zstd`, /zstd compression is not/],
    [`${OCI}+gzip+encrypted`, /^during manifest conversion: encrypted layers \("[^"]+"\) are not/],
    [`${OCI}+zstd+encrypted`, /encrypted layers/],
    [`${OCI_FOREIGN}+encrypted`, /encrypted layers/],
    ['application/vnd.in-toto+json', /^Unknown media type during manifest conversion: "[^"]+"$/],
    [`${DOCKER}.gzip`, /^Unknown media type/],
    ['', /^Unknown media type/],
  ])('refuses a layer of type %s', (mediaType, message) => {
    const manifest = withLayer(oci, mediaType);
    expect(() => toDockerManifest(manifest)).toThrow(UNSUPPORTED);
    expect(() => toDockerManifest(manifest)).toThrow(message);
  });

  test.each([
    ['application/vnd.cncf.helm.config.v1+json', {}, 'type "application/vnd.cncf.helm.config.v1'],
    ['application/vnd.oci.empty.v1+json', { artifactType: 'a/b' }, 'type "a/b"'],
    ['a/c', { artifactType: '' }, 'type "a/c"'],
    [DOCKER_CONFIG, {}, 'invalid mixed OCI image'],
  ])('refuses an artifact: %s %j', (mediaType, extra, message) => {
    const artifact = { ...oci, ...extra, config: { ...BLOB, mediaType } };
    expect(() => toDockerManifest(artifact)).toThrow(UNSUPPORTED);
    expect(() => toDockerManifest(artifact)).toThrow(message);
  });
});

describe('toOciManifest', () => {
  test('keeps the URLs of foreign layers', () => {
    const layer = { ...BLOB, mediaType: DOCKER_FOREIGN, urls: ['https://e.org/l'] };
    const { manifest } = toOciManifest({ ...docker, layers: [layer] }, CONFIG);
    expect(manifest.layers).toStrictEqual([{ ...layer, mediaType: OCI_FOREIGN }]);
  });

  test('takes the config type of Docker 1.10', () => {
    const config = { ...BLOB, mediaType: 'application/octet-stream' };
    expect(toOciManifest({ ...docker, config }, CONFIG).manifest.config.mediaType).toBe(OCI_CONFIG);
  });

  test.each([['application/vnd.in-toto+json'], [`${OCI}+gzip`]])(
    'refuses a layer of type %s',
    (mediaType) => {
      expect(() => toOciManifest(withLayer(docker, mediaType), CONFIG)).toThrow(UNSUPPORTED);
    },
  );

  test('refuses a plugin, whose layers are those of an image', () => {
    const config = { ...BLOB, mediaType: 'application/vnd.docker.plugin.v1+json' };
    expect(() => toOciManifest({ ...docker, config }, Buffer.from('{}'))).toThrow(UNSUPPORTED);
  });

  test('refuses a config that is none', () => {
    expect(() => toOciManifest(docker, Buffer.from('x'))).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    );
  });
});
