/** Tags that must stay what they are, and pushes that are checked when they are done. */
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { failureOf } from '../support/failure.ts';
import { makeLayer, writeOciIndex, writeOciLayout } from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { RegistryOptions } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';

async function openTwo(options: RegistryOptions = {}): Promise<Scene> {
  const scene = await openScene(options);
  const spec = { compression: 'gzip' } as const;
  await writeOciLayout(scene.path('image'), { ...spec, layers: [await makeLayer({ a: '1' })] });
  await writeOciLayout(scene.path('other'), { ...spec, layers: [await makeLayer({ b: '2' })] });
  return scene;
}

const writes = ({ registry }: Scene): readonly string[] =>
  registry.requests.filter(({ method }) => method !== 'HEAD').map(({ method }) => method);

describe('--no-overwrite', () => {
  test('takes the same image for success, in one request', async () => {
    await using scene = await openTwo();
    expect(await scene.push('oci:image', ['--no-overwrite'])).toMatchObject({ code: 0 });
    const before = scene.registry.requests.length;
    expect(await scene.push('oci:image', ['--no-overwrite'])).toMatchObject({ code: 0 });
    expect(scene.registry.requests.length - before).toBe(1);
    expect(await scene.digestFile()).toBe(pushedImage(scene.repository, '1').digest);
  });

  test.each([
    ['in the destination', []],
    ['of --tag', ['--tag=1']],
  ])('refuses another image under a name %s before anything moves', async (_, flags) => {
    await using scene = await openTwo();
    await scene.push('oci:image');
    const { digest } = pushedImage(scene.repository, '1');
    const before = writes(scene).length;
    const destination = flags.length > 0 ? scene.destination.replace(/1$/, '2') : scene.destination;
    const args = [
      'push',
      '--tls-verify=false',
      '--no-overwrite',
      ...flags,
      'oci:other',
      destination,
    ];
    const failure = failureOf(await scene.home.run(args));
    expect(failure).toMatchObject({ code: 125, hint: expect.stringContaining('--no-overwrite') });
    expect(failure.error).toContain(digest);
    expect(writes(scene)).toHaveLength(before);
    expect(pushedImage(scene.repository, '1').digest).toBe(digest);
  });

  test.each([
    [{ status: 403 }, 'StatusCode: 403'],
    [{ status: 405 }, 'StatusCode: 405'],
  ])('takes no %j for an answer', async (answer, error) => {
    const faults: Fault[] = [{ on: { method: 'HEAD', times: Infinity }, do: answer }];
    await using scene = await openTwo({ faults });
    const run = await scene.push('oci:image', ['--no-overwrite']);
    expect(failureOf(run)).toMatchObject({ code: 125, error: expect.stringContaining(error) });
    expect(writes(scene)).toEqual([]);
  });

  test('reads the manifest of a registry that names no digest', async () => {
    const withoutDigest = { dropHeader: 'docker-content-digest' };
    const faults = [
      { on: { method: 'HEAD', path: /manifests/, times: Infinity }, do: withoutDigest },
    ];
    await using scene = await openTwo({ faults });
    expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
    expect(await scene.push('oci:image', ['--no-overwrite'])).toMatchObject({ code: 0 });
    expect(failureOf(await scene.push('oci:other', ['--no-overwrite']))).toMatchObject({
      code: 125,
    });
  });

  test('is refused where a destination does not say what it has', async () => {
    await using scene = await openTwo();
    const run = await scene.home.run(['push', '--no-overwrite', 'oci:image', 'dir:copy']);
    expect(failureOf(run)).toMatchObject({ code: 125, hint: expect.stringContaining('leave out') });
  });
});

describe('--verify', () => {
  test('asks for the tags, the manifest and every blob', async () => {
    await using scene = await openTwo();
    expect(await scene.push('oci:image', ['--verify', '--tag=2'])).toMatchObject({ code: 0 });
    const { requests } = scene.registry;
    const last = requests.findLastIndex(({ method }) => method === 'PUT');
    const { digest, config } = pushedImage(scene.repository, '1');
    const asked = requests.slice(last + 1).map(({ method, path }) => `${method} ${path}`);
    const [layer] = [...scene.repository.blobs.keys()].filter((key) => key !== digestOf(config));
    const at = '/v2/team/app';
    expect(asked.toSorted()).toEqual(
      [
        `HEAD ${at}/manifests/1`,
        `HEAD ${at}/manifests/2`,
        `GET ${at}/manifests/${digest}`,
        `HEAD ${at}/blobs/${digestOf(config)}`,
        `HEAD ${at}/blobs/${layer}`,
      ].toSorted(),
    );
  });

  test('finds what the registry has lost, and pushes it again', async () => {
    const lost = { on: { method: 'HEAD', path: /blobs/, nth: 2 }, do: { status: 404 } };
    await using scene = await openTwo({ faults: [lost] });
    expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
    const pushes = (): number =>
      scene.registry.requests.filter(
        ({ method, path }) => method === 'PUT' && /manifests/.test(path),
      ).length;
    expect(await scene.push('oci:image', ['--verify'])).toMatchObject({ code: 0 });
    expect([scene.registry.unfired(), pushes()]).toEqual([[], 2]);
    expect(await scene.push('oci:image', ['--verify'])).toMatchObject({ code: 0 });
    expect(pushes()).toBe(2);
  });

  test.each<readonly [what: string, fault: Fault, error: string]>([
    [
      'a blob of another size',
      { on: { method: 'HEAD', path: /blobs/ }, do: { changeHeaders: sized('7') } },
      '7 bytes instead of',
    ],
    [
      'a tag that stands for something else',
      {
        on: { method: 'HEAD', path: /manifests\/1$/, nth: 2 },
        do: {
          changeHeaders: (headers) => ({
            ...headers,
            'docker-content-digest': digestOf(Buffer.from('x')),
          }),
        },
      },
      `1 stands for ${digestOf(Buffer.from('x'))} instead of`,
    ],
    [
      'a manifest that is gone',
      { on: { method: 'GET', path: /manifests/ }, do: { status: 404 } },
      'is not there',
    ],
  ])('finds %s', async (_, fault, error) => {
    await using scene = await openTwo({ faults: [fault] });
    const failure = failureOf(await scene.push('oci:image', ['--verify']));
    expect(failure).toMatchObject({ code: 125, error: expect.stringContaining(error) });
    expect(scene.registry.unfired()).toEqual([]);
    expect(await scene.digestFile()).toBeUndefined();
  });

  test.each([
    ['all of a list', 'push', [], 2],
    ['a list alone', 'manifest push', ['--all=false'], 0],
  ])('asks for %s', async (_, command, flags, instances) => {
    await using scene = await openScene();
    const images = [
      { layers: [await makeLayer({ a: '1' })], platform: { os: 'linux', architecture: 'amd64' } },
      { layers: [await makeLayer({ b: '2' })], platform: { os: 'linux', architecture: 'arm64' } },
    ];
    await writeOciIndex(scene.path('list'), {
      images: images.map((image) => ({ ...image, compression: 'gzip' as const })),
    });
    const all = ['--tls-verify=false', '--verify'];
    await scene.home.run(['push', ...all, 'oci:list', scene.destination]);
    const before = scene.registry.requests.length;
    const run = [...command.split(' '), ...all, ...flags, 'oci:list', scene.destination];
    expect(await scene.home.run(run)).toMatchObject({ code: 0 });
    const asked = scene.registry.requests.slice(before);
    const gets = asked.filter(({ method }) => method === 'GET');
    expect(gets).toHaveLength(1 + instances);
    const blobs = asked.filter(({ path }) => path.includes('/blobs/'));
    expect(blobs).toHaveLength(2 * instances);
  });
});

function sized(length: string) {
  return (headers: Readonly<Record<string, string>>) => ({ ...headers, 'content-length': length });
}

describe('--mount-from', () => {
  test.each<readonly [what: string, name: (host: string) => string]>([
    ['a repository', () => 'team/base'],
    ['one with its registry', (host) => `${host}/team/base`],
  ])('links blobs from %s', async (_, nameOf) => {
    await using scene = await openTwo();
    const { host } = scene.registry;
    const base = ['push', '--tls-verify=false', 'oci:image', `${host}/team/base:1`];
    // Another user's push, of which this one remembers nothing.
    await scene.home.run(base, { env: { XDG_CACHE_HOME: scene.path('other-cache') } });
    const before = scene.registry.requests.length;
    const flags = ['--mount-from=team/nothing', `--mount-from=${nameOf(host)}`];
    expect(await scene.push('oci:image', flags)).toMatchObject({ code: 0 });
    pushedImage(scene.repository, '1');
    const asked = scene.registry.requests.slice(before);
    const uploads = asked.filter(({ method, path }) => method === 'PUT' && path.includes('blobs'));
    expect(uploads).toEqual([]);
    const from = asked.map(({ query }) => query.get('from')).filter((name) => name !== null);
    expect(new Set(from)).toEqual(new Set(['team/nothing', 'team/base']));
    expect(scene.registry.openUploads).toEqual([]);
  });

  test('is a hint: blobs that are not there are uploaded', async () => {
    await using scene = await openTwo();
    expect(await scene.push('oci:image', ['--mount-from=team/nothing'])).toMatchObject({ code: 0 });
    pushedImage(scene.repository, '1');
  });

  test.each(['UPPER/x', 'team/base:1', 'team/base@sha256:'.padEnd(81, '0'), ''])(
    'takes no %j',
    async (name) => {
      await using scene = await openScene();
      const run = await scene.push('oci:image', [`--mount-from=${name}`]);
      expect(failureOf(run)).toMatchObject({
        code: 125,
        error: expect.stringContaining('mount-from'),
      });
    },
  );
});
