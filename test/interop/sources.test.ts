/** A real image arrives whole from every kind of source, in little memory, and a second push moves nothing. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../support/ocipush.ts';
import { requirePeers } from '../support/peers.ts';
import { realImage, requireRealImage, type RealImage } from '../support/real-image.ts';
import { digestRead, openExchange, type Exchange } from './exchange.ts';
import { skopeoReader, type ImageRead } from './read-back.ts';

/** In KiB, as time(1) prints it: DESIGN.md section 5. */
const MEMORY_LIMIT = 160 * 1024;

const SILENT: Run = { code: 0, stdout: '', stderr: '' };

/** Sources below the directory of the image, and whether their layers are compressed already. */
const SOURCES = [
  ['oci:oci-plain:latest', 'plain'],
  ['oci:oci-gzip:latest', 'gzip'],
  ['oci-archive:oci-archive-plain.tar', 'plain'],
  ['oci-archive:oci-archive.tar', 'gzip'],
  ['dir:dir-gzip', 'gzip'],
  ['docker-archive:docker-archive.tar', 'plain'],
  ['./dir-gzip', 'gzip'],
  ['./docker-archive.tar', 'plain'],
  ['- <oci-archive.tar', 'gzip'],
  ['- <docker-archive.tar', 'plain'],
] as const;

describe.runIf(requirePeers('docker-registry', 'skopeo', 'time') && requireRealImage())(
  'the real image',
  () => {
    let image: RealImage;
    let exchange: Exchange;
    const contents = new Map<string, ImageRead>();

    beforeAll(async () => {
      image = realImage();
      exchange = await openExchange();
      return () => exchange[Symbol.asyncDispose]();
    });

    /** Pushes under the eyes of time(1); what a shell would take from a file comes after `<`. */
    async function push(text: string, name: string): Promise<Run & { readonly peak: number }> {
      const [source = '', input = '/dev/null'] = text.split(' <');
      const peak = exchange.path('peak');
      const shell = ['sh', '-c', 'exec "$@" <"$0"', input];
      const run = await exchange.push(source, name, ['--quiet'], {
        cwd: image.dir,
        under: ['/usr/bin/time', '-f', '%M', '-o', peak, ...shell],
      });
      return { ...run, peak: Number(await readFile(peak, 'utf8')) };
    }

    /** What has the digest of what was read already is that: the registry takes no manifest without its blobs. */
    async function read(name: string): Promise<ImageRead> {
      const digest = await digestRead(exchange, name, '--tls-verify=false');
      const content =
        contents.get(digest) ?? (await skopeoReader('skopeo')(exchange.peers, exchange.at(name)));
      contents.set(digest, content);
      return content;
    }

    test.each(SOURCES)('%s, whose layers are %s', async (source, compression) => {
      const name = `real/${SOURCES.findIndex(([each]) => each === source)}`;
      const { peak, ...run } = await push(source, `${name}:1`);
      expect(run).toEqual(SILENT);
      expect(peak).toBeLessThan(MEMORY_LIMIT);
      const digest = await exchange.digestFile();
      const { config, diffIDs } = image;
      expect(await read(`${name}:1`)).toEqual({ digest, config, diffIDs });
      expect(digest === image.gzipManifest).toBe(compression === 'gzip');

      const before = (await exchange.registry.requests()).length;
      expect(await push(source, `${name}:1`)).toMatchObject(SILENT);
      const again = (await exchange.registry.requests()).slice(before);
      expect(again).toEqual([`200 HEAD /v2/${name}/manifests/1`]);
      expect(await exchange.digestFile()).toBe(digest);

      expect(await push(source, `${name}:2`)).toMatchObject(SILENT);
      const other = (await exchange.registry.requests()).slice(before + again.length);
      expect(other.filter((request) => /(?:PATCH|PUT) .*\/blobs\//.test(request))).toEqual([]);
      expect(await exchange.digestFile()).toBe(digest);
    });
  },
);
