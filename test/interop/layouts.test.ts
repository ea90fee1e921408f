/** Layouts, archives and directories that we write, as the peers read and write them. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { digestHex, digestOf } from '../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { killEverywhere } from '../support/kill-points.ts';
import { pushLocally } from '../support/local-push.ts';
import {
  makeLayer,
  noise,
  writeOciIndex,
  writeOciLayout,
  type MadeImage,
} from '../support/make-image.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers, type PeerName } from '../support/peers.ts';

let peers: PeerHome;
let directory = '';

beforeEach(async () => {
  peers = await makePeerHome();
  onTestFinished(() => peers[Symbol.asyncDispose]());
  directory = join(peers.path, 'places');
  await mkdir(directory);
});

function path(name: string): string {
  return join(directory, name);
}

/** An image of its own for each name, in a layout of that name. */
async function image(name: string): Promise<MadeImage> {
  const layers = [await makeLayer({ [name]: noise(100_000, name) })];
  return writeOciLayout(path(name), { layers, compression: 'gzip' });
}

const PLACES = ['oci:layout:a', 'oci-archive:image.tar:a', 'dir:image'] as const;

/** The place with its path in the directory of the test. */
function place(text: string): string {
  return text.replace(':', `:${directory}/`);
}

describe.runIf(requirePeers('skopeo', 'skopeo-12'))('what we write, skopeo', () => {
  const readers = (['skopeo', 'skopeo-12'] as const).flatMap((skopeo) =>
    PLACES.map((written) => [skopeo, written] as const),
  );

  test.each(readers)('%s reads: %s', async (skopeo, written) => {
    const { manifest, config } = await image('x');
    await pushLocally(`oci:${path('x')}`, place(written));
    expect(await peers.run(skopeo, 'inspect', '--raw', place(written))).toEqual(manifest.bytes);
    const read = await peers.run(skopeo, 'inspect', '--raw', '--config', place(written));
    expect(read).toEqual(config.bytes);
    await peers.run(skopeo, 'copy', '--quiet', place(written), `dir:${path('copy')}`);
    expect(await readFile(join(path('copy'), 'manifest.json'))).toEqual(manifest.bytes);
  });

  test.each(readers)('%s reads a list with all that is in it: %s', async (skopeo, written) => {
    const images = await Promise.all(
      ['amd64', 'arm64'].map(async (architecture) => ({
        layers: [await makeLayer({ file: architecture })],
        compression: 'gzip' as const,
        platform: { os: 'linux', architecture },
      })),
    );
    const { index } = await writeOciIndex(path('list'), { images });
    await pushLocally(`oci:${path('list')}`, place(written));
    await peers.run(skopeo, 'copy', '--quiet', '--all', place(written), `dir:${path('copy')}`);
    expect(await readFile(join(path('copy'), 'manifest.json'))).toEqual(index.bytes);
  });

  test('reads wherever a push into it was killed', async () => {
    await image('x');
    await image('y');
    let kills = 0;
    await killEverywhere(directory, {
      old: `oci:${path('x')}`,
      new: `oci:${path('y')}`,
      place: (root) => `oci:${join(root, 'layout')}:a`,
      inspect: async (killed) => {
        kills += 1;
        if (kills % 3 === 0) await peers.run('skopeo', 'inspect', killed);
      },
    });
    expect(kills).toBeGreaterThan(10);
  });
});

describe.runIf(requirePeers('podman'))('what we write, podman', () => {
  test.each([
    ['pull', 'oci:layout:a'],
    ['pull', 'oci-archive:image.tar:a'],
    ['pull', 'dir:image'],
    ['load', 'oci-archive:image.tar'],
  ] as const)('can %s: %s', async (command, written) => {
    const { config } = await image('x');
    await pushLocally(`oci:${path('x')}`, place(written));
    const args =
      command === 'load' ? ['load', '--input', path('image.tar')] : ['pull', place(written)];
    await peers.run('podman', ...args, '--quiet');
    const ids = await peers.run('podman', 'images', '--quiet', '--no-trunc');
    expect(ids.toString().trim()).toBe(config.descriptor.digest);
  });
});

describe.runIf(requirePeers('skopeo', 'skopeo-12'))('index.json is that of skopeo', () => {
  const annotations = { 'org.opencontainers.image.ref.name': 'a', other: '<1>' };
  const [digest, platform] = [digestOf(Buffer.from('old')), { architecture: 'arm64', os: 'linux' }];
  const old = { mediaType: OCI_MANIFEST, digest, size: 3, annotations, platform };

  /** Pushes image by image with both, and compares after each; gives the last index. */
  async function compare(skopeo: PeerName, steps: readonly string[]): Promise<string> {
    for (const step of steps) {
      const [name = '', tag] = step.split(':');
      const target = tag === undefined ? '' : `:${tag}`;
      await pushLocally(`oci:${path(name)}`, `oci:${path('ours')}${target}`);
      const source = `oci:${path(name)}`;
      await peers.run(skopeo, 'copy', '--quiet', source, `oci:${path('theirs')}${target}`);
      const [ours, theirs] = await Promise.all(
        ['ours', 'theirs'].map((layout) => readFile(join(path(layout), 'index.json'), 'utf8')),
      );
      expect(`${step}: ${ours}`).toBe(`${step}: ${theirs}`);
    }
    return readFile(join(path('ours'), 'index.json'), 'utf8');
  }

  test.each(['skopeo', 'skopeo-12'] as const)('after every push, as %s', async (skopeo) => {
    for (const name of ['x', 'y', 'z']) await image(name);
    await compare(skopeo, ['x:a', 'y:a', 'x:b', 'x', 'z:a', 'y', 'y:a', 'x', 'z:c/d', 'x:a']);
    const [ours, theirs] = await Promise.all(
      ['ours', 'theirs'].map((layout) => readdir(path(layout), { recursive: true })),
    );
    expect(ours?.toSorted()).toEqual(theirs?.toSorted());
  });

  test.each([
    ['one without a type', { schemaVersion: 2, manifests: [old] }],
    ['one with a type', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [old] }],
    [
      'one in another order, with more in it',
      {
        annotations: { b: '2', a: '&' },
        manifests: [old, { ...old, size: 4 }],
        schemaVersion: 2,
        x: 1,
      },
    ],
  ])('that was %s', async (_, index) => {
    await image('x');
    await mkdir(path('ours'));
    await writeFile(join(path('ours'), 'index.json'), JSON.stringify(index));
    await cp(path('ours'), path('theirs'), { recursive: true });
    expect(await compare('skopeo', ['x:a', 'x:b'])).toContain(String.raw`\u003c1\u003e`);
  });

  test('and so is oci-layout', async () => {
    await image('x');
    await compare('skopeo', ['x:a']);
    const layouts = ['ours', 'theirs'].map((name) => join(path(name), 'oci-layout'));
    const [ours, theirs] = await Promise.all(layouts.map((layout) => readFile(layout, 'utf8')));
    expect(ours).toBe(theirs);
  });
});

describe.runIf(requirePeers('skopeo'))('files are those of skopeo', () => {
  test('in a directory, when it replaces an image too', async () => {
    for (const name of ['x', 'y']) {
      await image(name);
      await pushLocally(`oci:${path(name)}`, `dir:${path('ours')}`);
      await peers.run('skopeo', 'copy', '--quiet', `oci:${path(name)}`, `dir:${path('theirs')}`);
      const names = (await readdir(path('theirs'))).toSorted();
      expect((await readdir(path('ours'))).toSorted()).toEqual(names);
      for (const file of names) {
        const [ours, theirs] = await Promise.all(
          ['ours', 'theirs'].map(async (dir) => digestOf(await readFile(join(path(dir), file)))),
        );
        expect([file, ours]).toEqual([file, theirs]);
      }
    }
  });

  test('in an archive, but for their times', async () => {
    const { manifest } = await image('x');
    await pushLocally(`oci:${path('x')}`, `oci-archive:${path('ours.tar')}:a`);
    const theirs = `oci-archive:${path('theirs.tar')}:a`;
    await peers.run('skopeo', 'copy', '--quiet', `oci:${path('x')}`, theirs);
    const [ours, expected] = await Promise.all(['ours.tar', 'theirs.tar'].map(headers));
    expect(ours).toEqual(expected);
    expect(JSON.stringify(ours)).toContain(digestHex(manifest.descriptor.digest));
  });
});

/** What the headers of a tar file say but for times, and how long it is. */
async function headers(name: string): Promise<readonly unknown[]> {
  const tar = await readFile(path(name));
  const found: unknown[] = [tar.length];
  for (let offset = 0; offset < tar.length; offset += 512) {
    const text = (start: number, end: number): string =>
      tar.toString('latin1', offset + start, offset + end).replace(/\0.*/s, '');
    if (text(257, 263) !== 'ustar') continue;
    const numbers = [100, 108, 116].map((start) => Number.parseInt(text(start, start + 8), 8));
    const size = Number.parseInt(text(124, 136), 8);
    found.push([text(0, 100), ...numbers, size, text(156, 157), text(263, 345)]);
  }
  return found;
}
