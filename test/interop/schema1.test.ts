/** Our conversions from and to Docker v2s1 end with the bytes of skopeo's, and skopeo reads ours. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { fromSchema1 } from '../../src/image/convert-from-schema1.ts';
import { toOciManifest } from '../../src/image/convert-manifest.ts';
import { toSchema1 } from '../../src/image/convert-to-schema1.ts';
import { digestHex, digestOf } from '../../src/image/digest.ts';
import { EMPTY_LAYER_BYTES } from '../../src/image/empty-layer.ts';
import { encodeImageManifest, parseImageManifest } from '../../src/image/manifest.ts';
import { DOCKER_CONFIG, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { encodeSchema1, parseSchema1 } from '../../src/image/schema1.ts';
import { schema1Payload, signSchema1 } from '../../src/image/schema1-signature.ts';
import { schema1Conversions } from '../image/fixture.ts';
import { dockerImage, readLayers } from '../image/schema1-image.ts';
import { withoutKept } from '../image/skopeo-config.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';
import { dockerConfigs } from './docker-configs.ts';

type Format = 'v2s1' | 'v2s2' | 'oci';

const HELLO = new URL('../../fixtures/hello', import.meta.url).pathname;

const { layers: texts, roundTrips, fromSchema1: manifests, refused } = schema1Conversions();

const histories = fc.array(
  fc.record(
    {
      created: fc.constant('2023-11-14T22:13:20.5Z'),
      created_by: fc.string({ unit: 'binary' }),
      author: fc.string(),
      comment: fc.string({ unit: 'binary' }),
      empty_layer: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  { minLength: 1, maxLength: 5 },
);

describe.runIf(requirePeers('skopeo'))('skopeo', () => {
  let peers: PeerHome;

  beforeAll(async () => {
    peers = await makePeerHome();
    return () => peers[Symbol.asyncDispose]();
  });

  /** The directory with a manifest, and all blobs that it can refer to. */
  async function source(manifest: Uint8Array, ...configs: readonly string[]): Promise<string> {
    const path = await mkdtemp(join(peers.path, 'source-'));
    const blobs = [...texts, ...configs].map((text) => Buffer.from(text));
    for (const blob of [...blobs, EMPTY_LAYER_BYTES]) {
      await writeFile(join(path, digestHex(digestOf(blob))), blob);
    }
    await writeFile(join(path, 'version'), 'Directory Transport Version: 1.1\n');
    await writeFile(join(path, 'manifest.json'), manifest);
    return `dir:${path}`;
  }

  function dockerSource(config: string, layers: readonly string[]): Promise<string> {
    return source(encodeImageManifest(dockerImage(config, layers)), config);
  }

  async function copy(format: Format, from: string): Promise<string> {
    const path = await mkdtemp(join(peers.path, 'copy-'));
    const flags = ['--insecure-policy', 'copy', '--quiet', '--format', format];
    await peers.run('skopeo', ...flags, from, `dir:${path}`);
    return `dir:${path}`;
  }

  function read(from: string, name: string): Promise<Buffer> {
    return readFile(join(from.slice('dir:'.length), name));
  }

  async function configOf(from: string): Promise<string> {
    const { config } = JSON.parse((await read(from, 'manifest.json')).toString());
    return (await read(from, digestHex(config.digest))).toString();
  }

  async function payloadOf(from: string): Promise<string> {
    return Buffer.from(schema1Payload(await read(from, 'manifest.json'))).toString();
  }

  test.each(roundTrips)('converts there and back: $of', async (vector) => {
    const there = await copy('v2s1', await dockerSource(vector.docker, vector.layers));
    expect(await payloadOf(there)).toBe(vector.schema1);
    expect(await configOf(await copy('v2s2', there))).toBe(vector.back);
    expect(await configOf(await copy('oci', there))).toBe(vector.oci);
  });

  test.each(manifests)('converts from v2s1: $of', async ({ schema1, back, oci }) => {
    const there = await source(Buffer.from(schema1));
    expect(await configOf(await copy('v2s2', there))).toBe(back);
    expect(await configOf(await copy('oci', there))).toBe(oci);
  });

  test.each(refused.toSchema1)('refuses to convert to v2s1: $of', async ({ docker, layers }) => {
    const from = await dockerSource(docker, layers);
    await expect(copy('v2s1', from)).rejects.toThrow('creating an updated image manifest');
  });

  test.each(refused.fromSchema1)('refuses to convert from v2s1: $of', async ({ schema1 }) => {
    const from = await source(Buffer.from(schema1));
    await expect(copy('v2s2', from)).rejects.toThrow(/initializing image|updated image manifest/);
  });

  test('random images', async () => {
    const images = fc.tuple(dockerConfigs, histories);
    for (const [members, history] of fc.sample(images, { numRuns: 25, seed: 20261120 })) {
      const config = JSON.stringify({ ...members, history });
      const layers = history.map((_, index) => texts[index % texts.length] ?? '');
      const there = await copy('v2s1', await dockerSource(config, layers));
      const ours = toSchema1(dockerImage(config, layers), Buffer.from(config), undefined);
      expect(Buffer.from(encodeSchema1(ours)).toString()).toBe(await payloadOf(there));

      const back = fromSchema1(ours, readLayers(ours));
      const docker = await copy('v2s2', there);
      expect(Buffer.from(back.config).toString()).toBe(await configOf(docker));
      // The reference writes null for no layers, which others cannot read.
      const manifest = (await read(docker, 'manifest.json')).toString();
      expect(Buffer.from(encodeImageManifest(back.manifest)).toString()).toBe(
        manifest.replace(/"layers":null\}$/, '"layers":[]}'),
      );
      const oci = toOciManifest(back.manifest, back.config);
      const known = withoutKept(Buffer.from(oci.config).toString());
      expect(known).toBe(await configOf(await copy('oci', there)));
    }
  });

  test('an image of buildah', async () => {
    const plain = await copy('oci', `oci:${HELLO}:1`);
    const manifest = parseImageManifest(await read(plain, 'manifest.json'), OCI_MANIFEST);
    const config = await configOf(plain);
    const ours = toSchema1(manifest, Buffer.from(config), undefined);
    const theirs = await copy('v2s1', `oci:${HELLO}:1`);
    expect(Buffer.from(encodeSchema1(ours)).toString()).toBe(await payloadOf(theirs));
  });

  test('reads what we sign', async () => {
    const config = '{"architecture":"amd64","os":"linux","history":[{"empty_layer":true},{}]}';
    const ours = toSchema1(dockerImage(config, ['a']), Buffer.from(config), undefined);
    const payload = encodeSchema1(ours);
    const from = await source(signSchema1(payload, new Date('2026-11-20T15:11:48Z')));
    const path = join(from.slice('dir:'.length), 'manifest.json');
    const digest = await peers.run('skopeo', 'manifest-digest', path);
    expect(digest.toString().trim()).toBe(digestOf(payload));

    const docker = await copy('v2s2', from);
    const { config: written } = fromSchema1(ours, readLayers(ours));
    expect(await configOf(docker)).toBe(Buffer.from(written).toString());
    expect(JSON.parse((await read(docker, 'manifest.json')).toString()).config).toMatchObject({
      mediaType: DOCKER_CONFIG,
      digest: digestOf(written),
    });
    expect(parseSchema1(await read(from, 'manifest.json'))).toEqual(ours);
  });
});
