/** Our conversions between OCI and Docker end with the bytes of skopeo's, but for what our configs keep. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { toOciConfig } from '../../src/image/convert-config.ts';
import { toDockerList, toOciIndex } from '../../src/image/convert-list.ts';
import { toDockerManifest, toOciManifest } from '../../src/image/convert-manifest.ts';
import { digestHex, digestOf } from '../../src/image/digest.ts';
import { encodeList, parseList, replaceInstances, type ImageList } from '../../src/image/list.ts';
import { encodeImageManifest, parseImageManifest } from '../../src/image/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { hostPlatform } from '../../src/image/platform.ts';
import { configConversions } from '../image/fixture.ts';
import { withoutKept } from '../image/skopeo-config.ts';
import {
  blobOf,
  blobsOf,
  jsonBlob,
  makeImage,
  makeLayer,
  type ImageSpec,
  type MadeBlob,
  type MadeImage,
} from '../support/make-image.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';
import { dockerConfigs } from './docker-configs.ts';

type Format = 'oci' | 'v2s2';

/** By the names of the files in the directory that skopeo wrote. */
type Copy = (name: string) => Promise<string>;

const configs = configConversions();

const FORMATS = [
  { to: 'v2s2', from: 'oci' },
  { to: 'oci', from: 'docker' },
] as const;

const PLATFORMS = [
  { architecture: 'amd64', os: 'linux' },
  {
    architecture: 'arm64',
    os: 'windows',
    'os.version': '10',
    'os.features': ['f'],
    variant: 'v8',
    features: ['sse4'],
  },
  undefined,
];

/** Ours, in the same shape as what skopeo writes. */
function converted(image: MadeImage, to: Format): { manifest: MadeBlob; config: MadeBlob } {
  if (to === 'v2s2') {
    const source = parseImageManifest(image.manifest.bytes, OCI_MANIFEST);
    const manifest = encodeImageManifest(toDockerManifest(source));
    return { manifest: blobOf(manifest, DOCKER_MANIFEST), config: image.config };
  }
  const source = parseImageManifest(image.manifest.bytes, DOCKER_MANIFEST);
  const { manifest, config } = toOciManifest(source, image.config.bytes);
  return {
    manifest: blobOf(encodeImageManifest(manifest), OCI_MANIFEST),
    config: blobOf(config, manifest.config.mediaType),
  };
}

function convertedList(list: ImageList): ImageList {
  return list.mediaType === OCI_INDEX
    ? toDockerList(list, hostPlatform(process.platform, process.arch))
    : toOciIndex(list);
}

function dockerImage(config: MadeBlob): MadeBlob {
  return jsonBlob(DOCKER_MANIFEST, {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: config.descriptor,
    layers: [],
  });
}

describe.runIf(requirePeers('skopeo'))('skopeo', () => {
  let peers: PeerHome;

  beforeAll(async () => {
    peers = await makePeerHome();
    return () => peers[Symbol.asyncDispose]();
  });

  async function copy(
    to: Format,
    top: MadeBlob,
    blobs: readonly MadeBlob[],
    instances: readonly MadeBlob[] = [],
  ): Promise<Copy> {
    const source = await mkdtemp(join(peers.path, 'source-'));
    const files = [
      ['version', Buffer.from('Directory Transport Version: 1.1\n')] as const,
      ['manifest.json', top.bytes] as const,
      ...blobs.map(({ descriptor, bytes }) => [digestHex(descriptor.digest), bytes] as const),
      ...instances.map(
        ({ descriptor, bytes }) =>
          [`${digestHex(descriptor.digest)}.manifest.json`, bytes] as const,
      ),
    ];
    for (const [name, bytes] of files) await writeFile(join(source, name), bytes);
    const result = `${source}-copy`;
    const flags = ['--insecure-policy', 'copy', '--quiet', '--all', '--format', to];
    await peers.run('skopeo', ...flags, `dir:${source}`, `dir:${result}`);
    return (name) => readFile(join(result, name), 'utf8');
  }

  async function ociConfig(docker: string): Promise<string> {
    const config = blobOf(Buffer.from(docker), DOCKER_CONFIG);
    const read = await copy('oci', dockerImage(config), [config]);
    const { digest } = parseImageManifest(
      Buffer.from(await read('manifest.json')),
      OCI_MANIFEST,
    ).config;
    return read(digestHex(digest));
  }

  test.each(configs.converted)('converts the config: $of', async ({ docker, oci }) => {
    expect(await ociConfig(docker)).toBe(oci);
  });

  test.each(configs.refused)('refuses the config: $of', async ({ docker }) => {
    await expect(ociConfig(docker)).rejects.toThrow('creating an updated image manifest');
  });

  test('random configs', async () => {
    for (const config of fc.sample(dockerConfigs, { numRuns: 40, seed: 20261120 })) {
      const docker = JSON.stringify(config);
      const ours = Buffer.from(toOciConfig(Buffer.from(docker))).toString();
      expect(withoutKept(ours)).toBe(await ociConfig(docker));
    }
  });

  describe.each(FORMATS)('$from to $to', ({ from, to }) => {
    const config = { config: { Labels: { a: '<b>' }, Hostname: 'h', OnBuild: null } };

    async function image(spec: Partial<ImageSpec>): Promise<MadeImage> {
      const layers = [await makeLayer({ a: 'a' }), await makeLayer({ b: 'b' })];
      return makeImage({ format: from, layers, config, ...spec });
    }

    test.each(['none', 'gzip'] as const)('an image, compression %s', async (compression) => {
      const made = await image({ compression, ...(from === 'oci' && { annotations: { k: 'v' } }) });
      const read = await copy(to, made.manifest, blobsOf(made));
      const ours = converted(made, to);
      expect(Buffer.from(ours.manifest.bytes).toString()).toBe(await read('manifest.json'));
      expect(Buffer.from(ours.config.bytes).toString()).toBe(
        await read(digestHex(ours.config.descriptor.digest)),
      );
    });

    test('a list', async () => {
      const mediaType = from === 'oci' ? OCI_INDEX : DOCKER_LIST;
      const images = await Promise.all(
        ['x', 'y', 'z'].map((author) => image({ compression: 'gzip', config: { author } })),
      );
      const manifests = images.map(({ manifest }, index) => ({
        ...manifest.descriptor,
        platform: PLATFORMS[index],
        ...(from === 'oci' && { annotations: { a: 'b' } }),
      }));
      const top = jsonBlob(mediaType, { schemaVersion: 2, mediaType, manifests });
      const blobs = images.flatMap(blobsOf);
      const instances = images.map(({ manifest }) => manifest);
      const read = await copy(to, top, blobs, instances);

      const updates = images.map(
        (each) =>
          [each.manifest.descriptor.digest, converted(each, to).manifest.descriptor] as const,
      );
      const list = convertedList(parseList(top.bytes, mediaType));
      const ours = encodeList(replaceInstances(list, new Map(updates)));
      expect(Buffer.from(ours).toString()).toBe(await read('manifest.json'));
      expect(digestOf(ours)).not.toBe(top.descriptor.digest);
    });
  });
});
