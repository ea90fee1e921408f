/** Docker and podman take what we give them, give us what they have, and find in it what skopeo finds. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar-stream';
import { beforeEach, describe, expect, test } from 'vitest';
import { digestHex, finishDigest, parseDigest } from '../../src/image/digest.ts';
import {
  startDockerEngine,
  startPodmanService,
  type DockerEngine,
} from '../support/docker-engine.ts';
import { pushLocally } from '../support/local-push.ts';
import { makeLayer, noise, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { peerPath, requirePeers } from '../support/peers.ts';
import { realImage, requireRealImage } from '../support/real-image.ts';
import { thrownBy } from '../support/thrown.ts';
import { inspectSource, type ImageRead } from './read-back.ts';

type Identity = Pick<ImageRead, 'config' | 'diffIDs'> & { readonly tags: readonly string[] };

const hasPeers = requirePeers('docker', 'dockerd', 'podman', 'podman-12', 'skopeo', 'skopeo-12');

const FORMS = [
  ['oci', 'none'],
  ['oci', 'gzip'],
  ['docker', 'none'],
  ['docker', 'gzip'],
] as const;

let peers: PeerHome;

beforeEach(async () => {
  peers = await makePeerHome();
  return () => peers[Symbol.asyncDispose]();
});

/** An image as the layout `in`, with a layer that stands there twice and a config that Go writes its own way. */
async function makeSource(
  format: 'oci' | 'docker',
  compression: 'none' | 'gzip',
): Promise<MadeImage> {
  await rm(join(peers.path, 'in'), { recursive: true, force: true });
  const base = await makeLayer({ 'etc/': '', 'etc/noise': noise(1_500_000) });
  const top = await makeLayer({ zeros: Buffer.alloc(3_000_000), format, compression });
  const Labels = { z: '<a> & "b"', '10': 'ten', '9': 'é\u2028' };
  const config = { config: { Labels, Cmd: ['/command'] }, docker_version: '1' };
  return writeOciLayout(join(peers.path, 'in'), {
    layers: [base, top, base],
    format,
    compression,
    config,
  });
}

function identityOf({ config, layers }: MadeImage, ...tags: readonly string[]): Identity {
  return {
    config: config.descriptor.digest,
    diffIDs: layers.map(({ diffID }) => diffID),
    tags,
  };
}

async function push(source: string, destination: string, engine?: DockerEngine): Promise<void> {
  await pushLocally(source, destination, {
    temporaryDirectory: peers.path,
    environment: { DOCKER_HOST: engine?.host },
  });
}

/** An archive of ours. */
async function pushArchive(source: string, name: string): Promise<string> {
  const path = join(peers.path, `${name}.tar`);
  await push(source, `docker-archive:${path}:example.com/${name}:1`);
  return path;
}

async function docker(engine: DockerEngine, ...args: readonly string[]): Promise<string> {
  const line = ['-H', engine.host, ...args];
  return (await promisify(execFile)(peerPath('docker'), line, { env: {} })).stdout;
}

/** The image as the engine has it; there is to be no other. */
async function imageIn(engine: DockerEngine): Promise<Identity> {
  const [id, ...others] = (await docker(engine, 'images', '--quiet', '--no-trunc'))
    .trim()
    .split('\n');
  expect(new Set([id, ...others]).size).toBe(1);
  const text = await docker(engine, 'image', 'inspect', id ?? '');
  return parseInspection(text);
}

async function imageInPodman(podman: 'podman' | 'podman-12', name: string): Promise<Identity> {
  return parseInspection((await peers.run(podman, 'image', 'inspect', name)).toString());
}

function parseInspection(text: string): Identity {
  const [found] = JSON.parse(text) as [
    { Id: string; RepoTags: string[]; RootFS: { Layers: string[] } },
  ];
  return {
    config: parseDigest(found.Id.replace(/^(?!sha256:)/, 'sha256:')),
    diffIDs: found.RootFS.Layers.map(parseDigest),
    tags: found.RepoTags.map((tag) => tag.replace('docker.io/library/', '')),
  };
}

/** Headers, and digests of contents. */
async function membersOf(path: string): Promise<readonly (readonly string[])[]> {
  const members: string[][] = [];
  for await (const entry of createReadStream(path).pipe(extract())) {
    const hash = createHash('sha256');
    for await (const chunk of entry as AsyncIterable<Uint8Array>) hash.update(chunk);
    const { name, type, mode, uid, gid, uname, gname, size, mtime, linkname } = entry.header;
    const about = { name, type, mode, uid, gid, uname, gname, size, mtime, linkname };
    members.push([JSON.stringify(about), finishDigest(hash)]);
  }
  return members;
}

const ENGINES = ['dockerd', 'podman', 'podman-12'] as const;

function startEngine(name: (typeof ENGINES)[number]): Promise<DockerEngine> {
  return name === 'dockerd' ? startDockerEngine() : startPodmanService(peers, name);
}

describe.runIf(hasPeers)('an archive', () => {
  test.each(FORMS)('of an image %s %s is what skopeo makes of it', async (format, compression) => {
    await makeSource(format, compression);
    const ours = await pushArchive(`oci:${join(peers.path, 'in')}`, 'ours');
    const theirs = join(peers.path, 'theirs.tar');
    const destination = `docker-archive:${theirs}:example.com/ours:1`;
    await peers.run('skopeo', 'copy', '--quiet', 'oci:in', destination);
    expect(await membersOf(ours)).toEqual(await membersOf(theirs));
  });

  test.each(FORMS)('of an image %s %s is loaded by all', async (format, compression) => {
    const image = await makeSource(format, compression);
    const name = `loaded-${format}-${compression}`;
    const archive = await pushArchive(`oci:${join(peers.path, 'in')}`, name);
    const expected = identityOf(image, `example.com/${name}:1`);
    for (const podman of ['podman', 'podman-12'] as const) {
      await peers.run(podman, 'load', '--quiet', '--input', archive);
      expect(await imageInPodman(podman, `example.com/${name}:1`)).toEqual(expected);
    }
    await using engine = await startDockerEngine();
    await docker(engine, 'load', '--quiet', '--input', archive);
    expect(await imageIn(engine)).toEqual(expected);
  });
});

describe.runIf(hasPeers).each(ENGINES)('%s', (name) => {
  test('takes images in, and gives them back', async () => {
    await using engine = await startEngine(name);
    const host = ['--src-daemon-host', engine.host];
    for (const [format, compression] of FORMS) {
      const image = await makeSource(format, compression);
      const { config, diffIDs, tags } = identityOf(image, 'x:1');
      await push(`oci:${join(peers.path, 'in')}`, 'docker-daemon:x:1', engine);
      expect(await imageIn(engine)).toEqual({ config, diffIDs, tags });

      const copies = [
        ['docker-daemon:x:1', 'by-name'],
        [`docker-daemon:${config}`, 'by-id'],
      ] as const;
      for (const [source, copy] of copies) {
        const path = join(peers.path, copy);
        await push(source, `dir:${path}`, engine);
        expect(await inspectSource(peers, `dir:${path}`)).toEqual({ config, diffIDs });
        await rm(path, { recursive: true });
      }
      await peers.run('skopeo', 'copy', '--quiet', ...host, 'docker-daemon:x:1', 'dir:theirs');
      expect(await inspectSource(peers, 'dir:theirs')).toEqual({ config, diffIDs });
      await rm(join(peers.path, 'theirs'), { recursive: true });
      await docker(engine, 'rmi', '--force', config);
    }
  });

  test('has nothing of an image that broke off, and says what it does not have', async () => {
    await using engine = await startEngine(name);
    const { layers } = await makeSource('oci', 'gzip');
    const hex = digestHex(layers[1]?.descriptor.digest ?? parseDigest(''));
    await writeFile(join(peers.path, 'in', 'blobs', 'sha256', hex), 'something else');
    const pushing = push(`oci:${join(peers.path, 'in')}`, 'docker-daemon:x:1', engine);
    expect(await thrownBy(pushing)).toMatchObject({ origin: 'source' });
    expect(await docker(engine, 'images', '--quiet', '--all')).toBe('');
    const reading = push('docker-daemon:x:1', `dir:${join(peers.path, 'none')}`, engine);
    expect(await thrownBy(reading)).toMatchObject({ code: 'SOURCE_NOT_FOUND', origin: 'source' });
  });
});

describe.runIf(hasPeers && requireRealImage())('the real image', () => {
  test('goes into dockerd, compressed or not, and comes back', async () => {
    await using engine = await startDockerEngine();
    const { dir, config, diffIDs } = realImage();
    const expected = { config, diffIDs };
    await push(`oci:${join(dir, 'oci-gzip')}`, 'docker-daemon:real:gzip', engine);
    expect(await imageIn(engine)).toEqual({ ...expected, tags: ['real:gzip'] });
    await push('docker-daemon:real:gzip', `dir:${join(peers.path, 'real')}`, engine);
    expect(await inspectSource(peers, `dir:${join(peers.path, 'real')}`)).toEqual(expected);
    await push(`dir:${join(peers.path, 'real')}`, 'docker-daemon:real:plain', engine);
    expect(await imageIn(engine)).toEqual({ ...expected, tags: ['real:gzip', 'real:plain'] });
  });

  test('becomes the archive that skopeo makes of it', async () => {
    const { dir } = realImage();
    const ours = join(peers.path, 'ours.tar');
    await push(`oci:${dir}/oci-gzip`, `docker-archive:${ours}:localhost/real-image:latest`);
    expect(await membersOf(ours)).toEqual(await membersOf(join(dir, 'docker-archive.tar')));
  });
});
