/** Layers written as zstd:chunked are pulled in parts by podman, and as plain zstd by the others. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import { zstd } from '../../src/transforms/zstd.ts';
import { zstdChunked } from '../../src/transforms/zstd-chunked.ts';
import {
  blobOf,
  jsonBlob,
  makeImage,
  makeLayer,
  noise,
  writeOciBlobs,
  type MadeBlob,
} from '../support/make-image.ts';
import type { PeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';
import { bytesOf, reusing } from '../support/streams.ts';
import { vectorTar } from '../transforms/zstd-chunked/vector.ts';
import { openExchange } from './exchange.ts';
import { podmanReader, skopeoReader } from './read-back.ts';

const ZSTD_LAYER = 'application/vnd.oci.image.layer.v1.tar+zstd';

const PARTIAL =
  '[storage.options]\npull_options = {enable_partial_images = "true", use_hard_links = "false", ostree_repos = "", convert_images = "false"}\n';

interface CompressedLayer {
  readonly blob: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

async function chunked(tar: Uint8Array, level?: number): Promise<CompressedLayer> {
  const { stream, annotations } = zstdChunked(reusing(tar), { level });
  const blob = await bytesOf(stream);
  return { blob, annotations: annotations() };
}

async function plain(tar: Uint8Array): Promise<CompressedLayer> {
  return { blob: await bytesOf(zstd(reusing(tar), {})) };
}

interface WrittenImage {
  readonly config: Digest;
  readonly diffIDs: readonly Digest[];
}

/** A layout with these layers, each compressed. */
async function writeImage(
  dir: string,
  tars: readonly Uint8Array[],
  compressed: readonly CompressedLayer[],
): Promise<WrittenImage> {
  const { manifest, config, layers } = makeImage({ layers: tars });
  const blobs = compressed.map(({ blob, annotations }): MadeBlob => {
    const made = blobOf(blob, ZSTD_LAYER);
    return annotations ? { ...made, descriptor: { ...made.descriptor, annotations } } : made;
  });
  const top = jsonBlob(manifest.descriptor.mediaType, {
    ...(JSON.parse(Buffer.from(manifest.bytes).toString()) as object),
    layers: blobs.map(({ descriptor }) => descriptor),
  });
  await writeOciBlobs(dir, top, [config, ...blobs]);
  return { config: config.descriptor.digest, diffIDs: layers.map(({ diffID }) => diffID) };
}

/** What podman says of its work. */
async function pullLog(peers: PeerHome, image: string): Promise<string> {
  const flags = ['--log-level=debug', 'pull', '--quiet', '--tls-verify=false'];
  const child = peers.start('podman', ...flags, image);
  const [log, , [code]] = await Promise.all([
    text(child.stderr),
    text(child.stdout),
    once(child, 'close'),
  ]);
  if (code !== 0) throw new Error(`podman pull ended with ${code}: ${log}`);
  return log;
}

describe.runIf(requirePeers('docker-registry', 'skopeo', 'skopeo-12', 'podman'))('zstd', () => {
  test.each([
    ['', undefined],
    [' of the smallest', 10],
  ])('in chunks%s is pulled in parts, and only those that are missing', async (_, level) => {
    // The frame of a file without chunks is longer than a batch.
    const big = Buffer.concat([noise(2_000_000), Buffer.alloc(1_000_000, 'without end. ')]);
    const first = await makeLayer({ 'etc/': '', 'etc/big': big, 'etc/motd': 'Hello' });
    const second = await makeLayer({ 'etc/': '', 'etc/big': big, 'etc/motd': 'Goodbye' });
    await using exchange = await openExchange();
    await appendFile(join(exchange.peers.path, 'storage.conf'), PARTIAL);
    const images = [
      [vectorTar(), first],
      [vectorTar(), second],
    ];
    const logs: string[] = [];
    for (const [index, tars] of images.entries()) {
      const layout = exchange.path(`image-${index}`);
      const layers = await Promise.all(tars.map((tar) => chunked(tar, level)));
      await writeImage(layout, tars, layers);
      expect(await exchange.push(`oci:image-${index}`, `chunked:${index}`)).toMatchObject({
        code: 0,
      });
      logs.push(await pullLog(exchange.peers, exchange.at(`chunked:${index}`)));
    }
    for (const log of logs) {
      expect(log).not.toContain('Failed to retrieve partial blob');
      expect(log).not.toContain('Could not create zstd:chunked differ');
    }
    expect(logs.map((log) => log.split('Retrieved partial blob').length - 1)).toEqual([2, 1]);
    const missing = /Missing (\d+) bytes out of (\d+)/.exec(logs[1] ?? '');
    expect(Number(missing?.[1])).toBeLessThan(1000);
    expect(Number(missing?.[2])).toBeGreaterThan(3_000_000);
  });

  test.each([
    ['plain', plain],
    ['chunked', chunked],
  ])('%s is read whole', async (_, compress) => {
    const tars = [vectorTar(), await makeLayer({ random: noise(3_000_000), a: 'a' })];
    await using exchange = await openExchange();
    const compressed = await Promise.all(tars.map((tar) => compress(tar)));
    const image = await writeImage(exchange.path('image'), tars, compressed);
    expect(await exchange.push('oci:image', 'zstd:1')).toMatchObject({ code: 0 });
    const at = exchange.at('zstd:1');
    for (const read of [podmanReader('podman'), skopeoReader('skopeo'), skopeoReader('skopeo-12')])
      expect(await read(exchange.peers, at)).toMatchObject(image);
  });
});
