/** Further tags and names of what is pushed. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { openScene, type Scene } from '../support/scene.ts';

async function writeImage(scene: Scene): Promise<string> {
  const layers = [await makeLayer({ a: '1' })];
  const { manifest } = await writeOciLayout(scene.path('image'), { layers, compression: 'gzip' });
  return manifest.descriptor.digest;
}

function pushTo(scene: Scene, ...words: readonly string[]) {
  return scene.home.run(['push', '--tls-verify=false', ...words]);
}

function namesIn(archive: string): unknown {
  const manifest = execFileSync('tar', ['-xOf', archive, 'manifest.json']);
  const [image, ...others] = JSON.parse(String(manifest)) as { readonly RepoTags: unknown }[];
  expect(others).toEqual([]);
  return image?.RepoTags;
}

describe('--tag', () => {
  test('takes one request each at a registry, also for what is there already', async () => {
    await using scene = await openScene();
    const digest = await writeImage(scene);
    for (const [tags, requests] of [
      [
        ['a', 'b'],
        ['PUT', 'PUT', 'PUT'],
      ],
      [['c'], ['HEAD', 'PUT']],
    ] as const) {
      const flags = tags.map((tag) => `--tag=${tag}`);
      const run = await pushTo(scene, ...flags, 'oci:image', scene.destination);
      expect(run).toMatchObject({ code: 0, stdout: '' });
      const methods = scene.registry.requests.map(({ method }) => method);
      expect(methods.slice(-requests.length)).toEqual(requests);
    }
    for (const tag of ['1', 'a', 'b', 'c']) {
      expect(scene.repository.tags.get(tag)).toBe(digest);
    }
  });

  test('is another entry of a layout', async () => {
    await using scene = await openScene();
    const digest = await writeImage(scene);
    expect(await pushTo(scene, '--tag=b', 'oci:image', 'oci:copy:a')).toMatchObject({ code: 0 });
    expect(await pushTo(scene, '--tag=c', 'oci:image', 'oci:copy:a')).toMatchObject({ code: 0 });
    const index = JSON.parse(await readFile(scene.path('copy/index.json'), 'utf8')) as {
      readonly manifests: readonly { readonly digest: string; readonly annotations: object }[];
    };
    expect(
      index.manifests.map((entry) => [entry.digest, ...Object.values(entry.annotations)]),
    ).toEqual(['a', 'b', 'c'].map((tag) => [digest, tag]));
  });

  test('is another name in a docker-archive', async () => {
    await using scene = await openScene();
    await writeImage(scene);
    const run = await pushTo(scene, '--tag=2', 'oci:image', 'docker-archive:a.tar:app:1');
    expect(run).toMatchObject({ code: 0 });
    expect(namesIn(scene.path('a.tar'))).toEqual([
      'docker.io/library/app:1',
      'docker.io/library/app:2',
    ]);
  });

  test.each([
    ['docker-archive:a.tar', 'has no name that the tag 2 could belong to'],
    ['dir:copy', 'takes no further tags'],
  ])('is refused for %s', async (destination, message) => {
    await using scene = await openScene();
    await writeImage(scene);
    const run = await pushTo(scene, '--tag=2', 'oci:image', destination);
    expect(run.code).toBe(125);
    expect(run.stderr).toContain(message);
  });
});

test('several names in one docker-archive are one file', async () => {
  await using scene = await openScene();
  await writeImage(scene);
  const names = ['app:1', 'example.com/other:2'].map((name) => `docker-archive:a.tar:${name}`);
  expect(await pushTo(scene, 'oci:image', ...names)).toMatchObject({ code: 0 });
  expect(namesIn(scene.path('a.tar'))).toEqual(['docker.io/library/app:1', 'example.com/other:2']);
});
