/** What was pushed is read by the peers: images of both formats, lists, and one of real size. */
import { beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import {
  makeLayer,
  noise,
  writeDir,
  writeOciIndex,
  writeOciLayout,
  type ImageSpec,
  type MadeImage,
} from '../support/make-image.ts';
import { requirePeers } from '../support/peers.ts';
import { realImage, requireRealImage } from '../support/real-image.ts';
import { openExchange, type Exchange } from './exchange.ts';
import {
  orasReader,
  podmanReader,
  skopeoReader,
  type ImageRead,
  type Reader,
} from './read-back.ts';

const hasPeers = requirePeers(
  'docker-registry',
  'skopeo',
  'skopeo-12',
  'podman',
  'podman-12',
  'oras',
);

const READERS: Readonly<Record<string, Reader>> = {
  skopeo: skopeoReader('skopeo'),
  'skopeo-12': skopeoReader('skopeo-12'),
  podman: podmanReader('podman'),
  'podman-12': podmanReader('podman-12'),
  oras: orasReader,
};

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64', variant: 'v8' };

function identityOf({ config, layers }: MadeImage): Omit<ImageRead, 'digest'> {
  return {
    config: config.descriptor.digest,
    diffIDs: layers.map(({ diffID }) => diffID),
  };
}

describe.runIf(hasPeers)('an image of', () => {
  let layers: readonly Uint8Array[] = [];

  beforeAll(async () => {
    const small = await makeLayer({ 'etc/': '', 'etc/motd': 'Hello' });
    const big = await makeLayer({ random: noise(1_500_000), zeros: Buffer.alloc(3_000_000) });
    layers = [small, big, small];
  });

  test.each([
    ['oci', 'none'],
    ['oci', 'gzip'],
    ['docker', 'none'],
    ['docker', 'gzip'],
  ] as const)('format %s with layers compressed with %s', async (format, compression) => {
    await using exchange = await openExchange();
    const image = await writeOciLayout(exchange.path('image'), { layers, format, compression });
    expect(await exchange.push('oci:image', 'small:1')).toMatchObject({ code: 0 });
    const expected = { digest: await exchange.digestFile(), ...identityOf(image) };
    await expectRead(exchange, 'small:1', expected);
  });

  test('no layers at all', async () => {
    await using exchange = await openExchange();
    const image = await writeDir(exchange.path('image'), { layers: [] });
    expect(await exchange.push('dir:image', 'empty:1')).toMatchObject({ code: 0 });
    const { digest } = image.manifest.descriptor;
    const read = await skopeoReader('skopeo')(exchange.peers, exchange.at('empty:1'));
    expect(read).toEqual({ digest, ...identityOf(image) });
  });
});

describe.runIf(hasPeers)('a list of format', () => {
  test.each([
    ['oci', 'none'],
    ['oci', 'gzip'],
    ['docker', 'none'],
    ['docker', 'gzip'],
  ] as const)('%s with layers compressed with %s', async (format, compression) => {
    await using exchange = await openExchange();
    const { peers } = exchange;
    const pushed = exchange.at('many:1');
    const images: ImageSpec[] = await Promise.all(
      [AMD64, ARM64].map(async (platform) => {
        const { architecture } = platform;
        return { layers: [await makeLayer({ architecture })], compression, platform };
      }),
    );
    const { index, images: made } = await writeOciIndex(exchange.path('image'), { images, format });
    expect(await exchange.push('oci:image', 'many:1')).toMatchObject({ code: 0 });
    const digest = await exchange.digestFile();

    const inspect = ['inspect', '--raw', '--tls-verify=false', `docker://${pushed}`];
    const list = await peers.run('skopeo', ...inspect);
    expect(digestOf(list)).toBe(digest);
    expect(list.equals(index.bytes)).toBe(compression === 'gzip');
    const { mediaType, manifests } = JSON.parse(list.toString()) as {
      mediaType: string;
      manifests: { digest: string; platform: unknown }[];
    };
    expect(mediaType).toBe(index.descriptor.mediaType);
    expect(manifests.map(({ platform }) => platform)).toEqual([AMD64, ARM64]);

    for (const [number, { architecture }] of [AMD64, ARM64].entries()) {
      const identity = identityOf(made[number] as MadeImage);
      const instance = { digest: manifests[number]?.digest, ...identity };
      await expectRead(exchange, `many@${instance.digest}`, instance);
      // Podman says the digest of the list for an image that it chose from one.
      for (const podman of ['podman', 'podman-12'] as const) {
        const read = podmanReader(podman, `--arch=${architecture}`);
        expect(await read(peers, pushed)).toMatchObject(identity);
      }
    }
    const all = ['--quiet', '--all', '--src-tls-verify=false', `docker://${pushed}`];
    await peers.run('skopeo-12', 'copy', ...all, `dir:${exchange.path('all')}`);
  });
});

describe.runIf(hasPeers && requireRealImage())('the real image', () => {
  test('is pulled by podman', async () => {
    await using exchange = await openExchange();
    const { dir, config, diffIDs } = realImage();
    expect(await exchange.push(`oci:${dir}/oci-plain:latest`, 'real:1')).toMatchObject({ code: 0 });
    const expected = { digest: await exchange.digestFile(), config, diffIDs };
    expect(await podmanReader('podman')(exchange.peers, exchange.at('real:1'))).toEqual(expected);
  });
});

async function expectRead(exchange: Exchange, name: string, expected: object): Promise<void> {
  for (const [reader, read] of Object.entries(READERS)) {
    expect({ reader, ...(await read(exchange.peers, exchange.at(name))) }).toEqual({
      reader,
      ...expected,
    });
  }
}
