/** Images that the peers wrote, in every form they have, arrive as the peers meant them. */
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract, pack, type Header } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { writeOciLayout } from '../support/make-image.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers, type PeerName } from '../support/peers.ts';
import { openExchange } from './exchange.ts';
import { inspectSource, podmanReader, skopeoReader } from './read-back.ts';

type Member = Pick<Header, 'name'> & Partial<Header>;

const IMAGE = 'localhost/links:1';
/** More than the name field of a tar header holds. */
const LONG = `long${'-and-longer'.repeat(15)}`;

/** The upper layer takes away `gone` and what the lower one has in `swept/`. */
const LAYERS: readonly (readonly Member[])[] = [
  [
    { name: 'dir/', type: 'directory' },
    { name: 'dir/file', mode: 0o4755, uid: 1000, gid: 1000 },
    { name: 'dir/hard', type: 'link', linkname: 'dir/file' },
    { name: 'dir/soft', type: 'symlink', linkname: '../dir/file' },
    { name: 'dangling', type: 'symlink', linkname: '/nowhere' },
    { name: LONG },
    { name: 'naïve name' },
    { name: 'gone' },
    { name: 'swept/', type: 'directory' },
    { name: 'swept/old' },
  ],
  [
    { name: '.wh.gone' },
    { name: 'swept/', type: 'directory' },
    { name: 'swept/.wh..wh..opq' },
    { name: 'swept/new' },
  ],
];

/** What a container of the image sees. */
const FILES = [
  'symlink dangling -> /nowhere',
  'directory dir/',
  'file dir/file',
  'link dir/hard -> dir/file',
  'symlink dir/soft -> ../dir/file',
  `file ${LONG}`,
  'file naïve name',
  'directory swept/',
  'file swept/new',
];

/** The peer, the form that it writes, and the transport that reads this form. */
const FORMS = [
  ['skopeo', 'oci', 'oci'],
  ['skopeo', 'oci-archive', 'oci-archive'],
  ['skopeo', 'dir', 'dir'],
  ['skopeo', 'docker-archive', 'docker-archive'],
  ['skopeo-12', 'oci', 'oci'],
  ['skopeo-12', 'oci-archive', 'oci-archive'],
  ['skopeo-12', 'dir', 'dir'],
  ['skopeo-12', 'docker-archive', 'docker-archive'],
  ['podman', 'oci-dir', 'oci'],
  ['podman', 'oci-archive', 'oci-archive'],
  ['podman', 'docker-dir', 'dir'],
  ['podman', 'docker-archive', 'docker-archive'],
  ['podman-12', 'oci-dir', 'oci'],
  ['podman-12', 'oci-archive', 'oci-archive'],
  ['podman-12', 'docker-dir', 'dir'],
  ['podman-12', 'docker-archive', 'docker-archive'],
  ['buildah', 'oci', 'oci'],
  ['buildah', 'oci-archive', 'oci-archive'],
  ['buildah', 'dir', 'dir'],
  ['buildah', 'docker-archive', 'docker-archive'],
  ['oras', 'oci', 'oci'],
] as const;

const hasPeers = requirePeers(
  'docker-registry',
  'skopeo',
  'skopeo-12',
  'podman',
  'podman-12',
  'buildah',
  'oras',
);

describe.runIf(hasPeers)('an image with links and whiteouts', () => {
  test.each(FORMS)('written by %s as %s', async (peer, form, transport) => {
    await using exchange = await openExchange();
    const { peers } = exchange;
    const pushed = exchange.at('links:1');
    await writeOciLayout(join(peers.path, 'in'), {
      layers: await Promise.all(LAYERS.map(tarOf)),
      tag: '1',
    });
    await write(peers, peer, form);
    const out = join(peers.path, 'out');
    const identity = await inspectSource(peers, `${transport}:${out}`);

    expect(await exchange.push(`${transport}:${out}`, 'links:1')).toMatchObject({ code: 0 });
    const digest = await exchange.digestFile();
    const expected = { digest, ...identity };
    expect(await skopeoReader('skopeo')(peers, pushed)).toEqual(expected);
    expect(await exchange.push(out, 'by-path:1')).toMatchObject({ code: 0 });
    expect(await exchange.digestFile()).toBe(digest);

    // A storage that knows no layer of it yet.
    await using reader = await makePeerHome();
    expect(await podmanReader('podman')(reader, pushed)).toEqual(expected);
    expect(await filesOf(reader, pushed)).toEqual(
      peer === 'buildah' ? ['file added', ...FILES] : FILES,
    );
  });
});

/** Writes the layout `in` as `out` in a form that the peer has. */
async function write(
  peers: PeerHome,
  peer: (typeof FORMS)[number][0],
  form: string,
): Promise<void> {
  switch (peer) {
    case 'skopeo':
    case 'skopeo-12':
      await peers.run(peer, 'copy', '--quiet', 'oci:in', `${form}:out`);
      return;
    case 'podman':
    case 'podman-12':
      await storeWith(peers, peer === 'podman' ? 'skopeo' : 'skopeo-12');
      await peers.run(peer, 'save', '--quiet', '--format', form, '--output', 'out', IMAGE);
      return;
    case 'buildah':
      await storeWith(peers, 'skopeo');
      await peers.run('buildah', 'from', '--name', 'container', IMAGE);
      await peers.run('buildah', 'copy', 'container', 'in/oci-layout', '/added');
      await peers.run('buildah', 'commit', '--quiet', 'container', IMAGE);
      await peers.run('buildah', 'push', '--quiet', IMAGE, `${form}:out`);
      return;
    case 'oras':
      await peers.run('oras', 'cp', '--from-oci-layout', 'in:1', '--to-oci-layout', 'out:1');
  }
}

async function storeWith(peers: PeerHome, skopeo: PeerName): Promise<void> {
  await peers.run(skopeo, 'copy', '--quiet', 'oci:in', `containers-storage:${IMAGE}`);
}

/** Kinds and names of what is in a container of an image in podman's storage. */
async function filesOf(peers: PeerHome, image: string): Promise<readonly string[]> {
  await peers.run('podman', 'create', '--name', 'container', '--network=none', image, '/command');
  const tar = extract();
  tar.end(await peers.run('podman', 'export', 'container'));
  const files: string[] = [];
  for await (const entry of tar) {
    const { type, name, linkname } = entry.header;
    entry.resume();
    files.push(linkname ? `${type} ${name} -> ${linkname}` : `${type} ${name}`);
  }
  return files;
}

async function tarOf(members: readonly Member[]): Promise<Uint8Array> {
  const tar = pack();
  for (const member of members) {
    const header = { mtime: new Date(0), ...member };
    // Whiteouts are empty files (OCI image-spec layer.md).
    const content = member.name.includes('.wh.') ? '' : `This is ${member.name}.`;
    if (member.type === undefined) tar.entry(header, content);
    else tar.entry(header);
  }
  tar.finalize();
  return buffer(tar);
}
