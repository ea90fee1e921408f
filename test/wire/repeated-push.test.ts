/** What a push does that finds something at the registry or in the cache, or a cache that is of no use. */
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import { openScene, type Scene } from '../support/scene.ts';

const CACHE = '.cache/ocipush';

async function writeImage(scene: Scene, compression: 'none' | 'gzip' = 'none'): Promise<void> {
  // So large that the registry is asked for it twice.
  const large = compression === 'gzip' ? 1_200_000 : 12_000;
  const layers = [await makeLayer({ a: '1' }), await makeLayer({ noise: noise(large) })];
  await writeOciLayout(scene.path('image'), { layers, compression });
}

/** Method and last words of the path of each request of what is done, in order. */
async function requestsOf(scene: Scene, act: () => Promise<unknown>): Promise<readonly string[]> {
  const before = scene.registry.requests.length;
  await act();
  const requests = scene.registry.requests.slice(before);
  return requests.map(({ method, path }) => `${method} ${path.replace('/v2/team/app/', '')}`);
}

function bytesSent({ registry }: Scene): number {
  return registry.requests.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
}

describe.each(['none', 'gzip'] as const)('layers compressed with %s', (compression) => {
  test('pushed again unchanged cost one question', async () => {
    await using scene = await openScene();
    await writeImage(scene, compression);
    await scene.push('oci:image');
    const digest = await scene.digestFile();
    await rm(scene.path('digest'));
    const sent = bytesSent(scene);
    const again = await requestsOf(scene, async () => {
      expect(await scene.push('oci:image')).toMatchObject({ code: 0, stdout: '' });
    });
    expect(again).toEqual(['HEAD manifests/1']);
    expect(bytesSent(scene)).toBe(sent);
    expect(await scene.digestFile()).toBe(digest);
  });

  test('pushed under a second tag move no blob', async () => {
    await using scene = await openScene();
    await writeImage(scene, compression);
    await scene.push('oci:image');
    const second = `${scene.registry.host}/team/app:2`;
    const requests = await requestsOf(scene, async () => {
      const run = await scene.home.run(['push', '--tls-verify=false', 'oci:image', second]);
      expect(run.code).toBe(0);
    });
    expect(requests.filter((request) => /^(?:PATCH|PUT)/.test(request))).toEqual([
      'PUT manifests/2',
    ]);
    expect(scene.registry.openUploads).toEqual([]);
    expect(scene.repository.tags.get('2')).toBe(scene.repository.tags.get('1'));
  });

  test('a layer that the registry has lost goes up again', async () => {
    await using scene = await openScene();
    await writeImage(scene, compression);
    await scene.push('oci:image');
    const { repository, registry } = scene;
    const [blob] = repository.blobs.keys();
    repository.removeBlob(blob ?? '');
    const other = `${registry.host}/team/app:2`;
    expect((await scene.home.run(['push', '--tls-verify=false', 'oci:image', other])).code).toBe(0);
    expect(repository.blobs.has(blob ?? '')).toBe(true);
  });
});

test('a changed image moves what has changed', async () => {
  await using scene = await openScene();
  await writeImage(scene);
  await scene.push('oci:image');
  const kept = new Set(scene.repository.blobs.keys());
  await rm(scene.path('image'), { recursive: true });
  const layers = [await makeLayer({ a: '1' }), await makeLayer({ a: '2' })];
  const image = await writeOciLayout(scene.path('image'), { layers });
  const requests = await requestsOf(scene, () => scene.push('oci:image'));
  expect(requests.filter((request) => request.startsWith('PUT blobs/'))).toHaveLength(2); // with the config
  const { diffIDs } = pushedImage(scene.repository, '1');
  expect(diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
  expect([...scene.repository.blobs.keys()].filter((digest) => !kept.has(digest))).toHaveLength(2);
});

test.each(['none', 'gzip'] as const)(
  'the same image to a second repository mounts every blob (%s)',
  async (compression) => {
    await using scene = await openScene();
    await writeImage(scene, compression);
    await scene.push('oci:image');
    const { registry } = scene;
    const other = `${registry.host}/team/other:1`;
    const requests = await requestsOf(scene, () =>
      scene.home.run(['push', '--tls-verify=false', 'oci:image', other]),
    );
    expect(requests.filter((request) => /^(?:PUT|PATCH) blobs/.test(request))).toEqual([]);
    const { diffIDs } = pushedImage(registry.repository('team/other'), '1');
    expect(diffIDs).toEqual(pushedImage(scene.repository, '1').diffIDs);
  },
);

/** The files in which a cache is kept. */
async function filesIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  expect(names.toSorted()).toEqual(['recoded.jsonl', 'repositories.jsonl']);
  return names.map((name) => join(directory, name));
}

/** Names a blob that nobody has as what every layer became, and repositories that have nothing. */
async function lie(path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  await writeFile(
    path,
    path.includes('repositories')
      ? text.replaceAll(/"path":"[^"]*"/g, '"path":"team/nothing"')
      : text.replaceAll(/"digest":"[^"]*"/g, `"digest":"sha256:${'1'.repeat(64)}"`),
  );
}

async function turnIntoDirectory(path: string): Promise<void> {
  await rm(path);
  await mkdir(path);
}

describe('a cache', () => {
  test.each<readonly [what: string, spoil: (path: string) => Promise<void>]>([
    ['that is deleted', (path) => rm(path)],
    ['that is no text', (path) => writeFile(path, noise(5000))],
    ['that was cut off', (path) => appendFile(path, '{"source":"sha256:12')],
    ['that lies', lie],
    ['that is too large', (path) => writeFile(path, Buffer.alloc(9 << 20, 10))],
    ['that cannot be read', turnIntoDirectory],
  ])('%s is harmless', async (_, spoil) => {
    await using scene = await openScene();
    await writeImage(scene);
    await scene.push('oci:image');
    const digest = await scene.digestFile();
    for (const file of await filesIn(scene.path(CACHE))) await spoil(file);
    expect(await scene.push('oci:image')).toMatchObject({ code: 0, stdout: '' });
    expect(await scene.digestFile()).toBe(digest);
    pushedImage(scene.repository, '1');
  });

  test('that cannot be kept is done without', async () => {
    await using scene = await openScene();
    await writeImage(scene);
    const env = { XDG_CACHE_HOME: '/dev/null/nowhere' };
    for (const _ of [1, 2]) {
      expect(await scene.push('oci:image', [], { env })).toMatchObject({ code: 0, stdout: '' });
    }
    expect(await scene.digestFile()).toBe(pushedImage(scene.repository, '1').digest);
  });

  test('stands where XDG_CACHE_HOME says', async () => {
    await using scene = await openScene();
    await writeImage(scene);
    const env = { XDG_CACHE_HOME: scene.path('elsewhere') };
    await scene.push('oci:image', [], { env });
    await filesIn(scene.path('elsewhere/ocipush'));
    await expect(readdir(scene.path(CACHE))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
