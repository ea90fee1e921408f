/** Lets peers read what a push left at the registry. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { parseImageConfig } from '../../src/image/image-config.ts';
import {
  digestHex,
  digestOf,
  finishDigest,
  parseDigest,
  type Digest,
} from '../../src/image/digest.ts';
import type { PeerHome } from '../support/peer-home.ts';
import type { PeerName } from '../support/peers.ts';

/** An image as a peer has read it. */
export interface ImageRead {
  /** Of the manifest. */
  readonly digest: Digest;
  readonly config: Digest;
  /** Of the plain bytes of the layers. */
  readonly diffIDs: readonly Digest[];
}

export type Reader = (peers: PeerHome, image: string) => Promise<ImageRead>;

interface ManifestRead {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** Copied by skopeo to plain files, which are hashed here. */
export function skopeoReader(skopeo: PeerName & `skopeo${string}`): Reader {
  return async (peers, image) => {
    await using dir = await temporaryDirectory(peers);
    const raw = await peers.run(
      skopeo,
      'inspect',
      '--raw',
      '--tls-verify=false',
      `docker://${image}`,
    );
    const flags = ['--quiet', '--src-tls-verify=false', '--dest-decompress'];
    await peers.run(skopeo, 'copy', ...flags, `docker://${image}`, `dir:${dir.path}`);
    const manifest = JSON.parse(
      await readFile(join(dir.path, 'manifest.json'), 'utf8'),
    ) as ManifestRead;
    const blob = (digest: string): string => join(dir.path, digestHex(parseDigest(digest)));
    return {
      digest: digestOf(raw),
      config: await hashed(createReadStream(blob(manifest.config.digest))),
      diffIDs: await Promise.all(
        manifest.layers.map(({ digest }) => hashed(createReadStream(blob(digest)))),
      ),
    };
  };
}

/** Pulled into storage, where podman has checked every layer against the config. */
export function podmanReader(podman: PeerName & `podman${string}`, ...flags: string[]): Reader {
  return async (peers, image) => {
    await peers.run(podman, 'pull', '--quiet', '--tls-verify=false', ...flags, image);
    const [found] = JSON.parse((await peers.run(podman, 'image', 'inspect', image)).toString()) as [
      { Id: string; Digest: string; RootFS: { Layers: string[] } },
    ];
    return {
      digest: parseDigest(found.Digest),
      config: parseDigest(`sha256:${found.Id}`),
      diffIDs: found.RootFS.Layers.map(parseDigest),
    };
  };
}

/** Copied by oras to a layout, which checks blobs and leaves them compressed. */
export const orasReader: Reader = async (peers, image) => {
  await using dir = await temporaryDirectory(peers);
  await peers.run('oras', 'cp', '--from-plain-http', image, '--to-oci-layout', `${dir.path}:it`);
  const raw = await peers.run('oras', 'manifest', 'fetch', '--plain-http', image);
  const manifest = JSON.parse(raw.toString()) as ManifestRead;
  const blob = (digest: string): string =>
    join(dir.path, 'blobs', 'sha256', digestHex(parseDigest(digest)));
  return {
    digest: digestOf(raw),
    config: await hashed(createReadStream(blob(manifest.config.digest))),
    diffIDs: await Promise.all(
      manifest.layers.map(({ digest }) =>
        hashed(createReadStream(blob(digest)).pipe(createGunzip())),
      ),
    ),
  };
};

/** The config and layers that skopeo finds in any place it can read. */
export async function inspectSource(
  peers: PeerHome,
  source: string,
): Promise<Pick<ImageRead, 'config' | 'diffIDs'>> {
  const config = await peers.run('skopeo', 'inspect', '--config', '--raw', source);
  return { config: digestOf(config), diffIDs: parseImageConfig(config).diffIDs };
}

async function hashed(stream: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return finishDigest(hash);
}

async function temporaryDirectory({
  path: home,
}: PeerHome): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(home, 'read-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
