/** What a push would do, and what it has done, on standard output. */
import { generateKeyPairSync } from 'node:crypto';
import { access, readdir, writeFile } from 'node:fs/promises';
import { generateKey } from 'openpgp';
import { describe, expect, test } from 'vitest';
import { writeFiles } from '../config/places.ts';
import { makeLayer, noise, writeOciIndex, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import type { RegistryOptions } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';

interface BlobJson {
  readonly role: string;
  readonly action: string;
  readonly result: string;
  readonly digest: string | null;
  readonly size: number | null;
  readonly registry: string | null;
}

interface DestinationJson {
  readonly reference: string;
  readonly status: string;
  readonly digest: string | null;
  readonly bytes: number;
  readonly requests?: number;
  readonly blobs: readonly BlobJson[];
}

async function writeImage(scene: Scene, compression: 'none' | 'gzip' = 'gzip') {
  const layers = [await makeLayer({ a: '1' }), await makeLayer({ b: noise(2_000_000) })];
  return writeOciLayout(scene.path('image'), { layers, compression });
}

function pushTo(scene: Scene, destination: string, ...flags: readonly string[]): Promise<Run> {
  return scene.home.run(['push', '--tls-verify=false', ...flags, 'oci:image', destination]);
}

function destinationsIn({ stdout }: Run): readonly DestinationJson[] {
  return (JSON.parse(stdout) as { readonly destinations: readonly DestinationJson[] }).destinations;
}

describe('--dry-run', () => {
  test('says what an unchanged image would take, and that it is so', async () => {
    await using scene = await openScene();
    const { manifest } = await writeImage(scene);
    const planned = await pushTo(scene, scene.destination, '--dry-run', '--output=json');
    expect(planned).toMatchObject({ code: 0 });
    expect(scene.registry.requests.map(({ method }) => method)).not.toContain('PUT');
    expect(scene.repository.blobs.size).toBe(0);
    const [plan] = destinationsIn(planned);
    expect(plan).toMatchObject({ status: 'planned', digest: manifest.descriptor.digest });
    expect(plan?.blobs.map(({ role, action, result }) => [role, action, result])).toEqual([
      ['layer', 'copy', 'uploaded'],
      ['layer', 'copy', 'uploaded'],
      ['config', 'copy', 'uploaded'],
    ]);

    const before = scene.registry.requests.length;
    const pushed = await pushTo(scene, scene.destination, '--output=json');
    expect(scene.registry.requests.length - before).toBe(plan?.requests);
    const [result] = destinationsIn(pushed);
    const { requests: _, ...rest } = plan ?? { blobs: [] };
    expect(result).toEqual({
      ...rest,
      status: 'pushed',
      blobs: rest.blobs.map((blob) => ({ ...blob, milliseconds: expect.any(Number) })),
    });
    expect(rest.blobs.map(({ registry }) => registry)).toEqual(Array(3).fill(scene.registry.host));
  });

  test('does not know what a layer will be compressed to, but what it was', async () => {
    await using scene = await openScene();
    await writeImage(scene, 'none');
    const plan = async (): Promise<DestinationJson | undefined> =>
      destinationsIn(await pushTo(scene, scene.destination, '--dry-run', '--output=json'))[0];
    const first = await plan();
    expect(first).toMatchObject({ status: 'planned', digest: null });
    expect(first?.blobs.map(({ action, digest }) => [action, digest === null])).toEqual([
      ['gzip', true],
      ['gzip', true],
      ['copy', false],
    ]);
    const { stdout } = await pushTo(scene, scene.destination, '--output=digest');
    expect(await plan()).toMatchObject({ status: 'unchanged', digest: stdout.trim(), bytes: 0 });
    const other = `${scene.registry.host}/team/other:1`;
    const [elsewhere] = destinationsIn(await pushTo(scene, other, '--dry-run', '--output=json'));
    expect(elsewhere?.blobs.map(({ result }) => result)).toEqual(['mounted', 'mounted', 'mounted']);
    expect(elsewhere?.digest).toBe(stdout.trim());
  });

  test('speaks to people', async () => {
    await using scene = await openScene();
    const { layers } = await writeImage(scene, 'none');
    const { stdout, stderr, code } = await pushTo(scene, scene.destination, '--dry-run');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Would push to docker://${scene.destination}\n`);
    expect(stdout).toContain(
      `layer    ${layers[0]?.descriptor.digest} 2.0KiB: gzip (it is not compressed yet), send at most 2.0KiB\n`,
    );
    expect(stdout).toMatch(/3 of 3 blobs to send, at most 1\.9MiB, about \d+ requests\n$/);
  });

  test('says what is there already', async () => {
    await using scene = await openScene();
    const { manifest } = await writeImage(scene);
    const pushed = await pushTo(scene, scene.destination);
    expect(pushed).toMatchObject({ code: 0, stdout: '' });
    const { stdout } = await pushTo(scene, scene.destination, '--dry-run');
    expect(stdout).toContain(`Already at docker://${scene.destination}\n`);
    expect(stdout).toContain(`manifest ${manifest.descriptor.digest}`);
    expect(stdout).toContain('0 of 0 blobs to send');
    const again = await pushTo(scene, scene.destination);
    expect(again).toMatchObject({ code: 0, stdout: '' });
  });

  test.each(['oci:new', 'dir:new', 'oci-archive:new', 'docker-archive:new'])(
    'leaves no trace of %s',
    async (destination) => {
      await using scene = await openScene();
      await writeImage(scene);
      const before = await readdir(scene.home.path);
      const run = await pushTo(scene, destination, '--dry-run');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.stdout).toContain(`Would push to ${destination}`);
      await expect(access(scene.path('new'))).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await readdir(scene.home.path)).toEqual(before);
    },
  );

  test('of a list counts each blob once', async () => {
    await using scene = await openScene();
    const shared = await makeLayer({ a: '1' });
    const images = ['amd64', 'arm64'].map((architecture) => ({
      layers: [shared],
      platform: { os: 'linux', architecture },
    }));
    await writeOciIndex(scene.path('image'), { images });
    const [plan] = destinationsIn(
      await pushTo(scene, scene.destination, '--dry-run', '--output=json'),
    );
    expect(plan?.blobs.map(({ role }) => role).toSorted()).toEqual(['config', 'config', 'layer']);
  });

  test('does not go with a digest file', async () => {
    await using scene = await openScene();
    await writeImage(scene);
    const run = await scene.push('oci:image', ['--dry-run']);
    expect(run).toMatchObject({ code: 125 });
    expect(run.stderr).toContain('--digestfile may not be used with --dry-run');
  });
});

describe('--output', () => {
  test('reference and digest are one line for each destination', async () => {
    await using scene = await openScene();
    const { manifest } = await writeImage(scene);
    const { digest } = manifest.descriptor;
    const run = (format: string): Promise<Run> =>
      scene.home.run([
        'push',
        '--tls-verify=false',
        `--output=${format}`,
        'oci:image',
        scene.destination,
        'dir:copy',
      ]);
    expect((await run('digest')).stdout).toBe(`${digest}\n${digest}\n`);
    expect((await run('reference')).stdout).toBe(`docker://${scene.destination}\ndir:copy\n`);
  });

  test('json tells of what failed, too', async () => {
    await using scene = await openScene();
    await writeImage(scene);
    await writeFile(scene.path('full'), 'something');
    const run = await scene.home.run([
      'push',
      '--tls-verify=false',
      '--output=json',
      'oci:image',
      'docker-archive:full',
      scene.destination,
    ]);
    expect(run.code).toBe(125);
    const [failed, pushed] = destinationsIn(run);
    expect(failed).toMatchObject({
      reference: 'docker-archive:full',
      status: 'failed',
      error: { code: 'FILE_UNWRITABLE', origin: 'destination' },
    });
    expect(pushed).toMatchObject({ status: 'pushed' });
  });

  test('is refused in another format', async () => {
    await using scene = await openScene();
    const run = await pushTo(scene, scene.destination, '--output=xml');
    expect(run).toMatchObject({ code: 125, stdout: '' });
    expect(run.stderr).toContain('unknown output format "xml"');
  });
});

describe('a dry run of what is signed counts its requests', () => {
  const attach = 'use-sigstore-attachments: true';
  const sigstore = ['--sign-by-sigstore-private-key=key'];
  const listing = { referrersPage: 10 };

  async function openSigning(options: RegistryOptions): Promise<Scene> {
    const scene = await openScene(options);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(scene.path('key'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const userIDs = [{ email: 'me@example.com' }];
    await writeFile(scene.path('key.asc'), (await generateKey({ userIDs })).privateKey);
    const yaml = `default-docker: { lookaside: "file://${scene.path('look')}", ${attach} }`;
    await writeFiles(scene.home.path, { '.config/containers/registries.d/a.yaml': yaml });
    return scene;
  }

  test.each<[what: string, flags: readonly string[], options: RegistryOptions]>([
    ['at the registry', ['--sign-by=./key.asc'], { storesSignatures: true }],
    ['as attachments, for two names', [...sigstore, '--tag=2'], {}],
    ['as referrers under a tag', [...sigstore, '--sign-sigstore-form=referrer'], {}],
    ['in all forms', [...sigstore, '--sign-sigstore-form=both', '--sign-by=./key.asc'], listing],
  ])('%s', async (_, flags, options) => {
    await using scene = await openSigning(options);
    const shared = await makeLayer({ a: '1' });
    const images = ['amd64', 'arm64'].map((architecture) => ({
      layers: [shared],
      platform: { os: 'linux', architecture },
      compression: 'gzip' as const,
    }));
    await writeOciIndex(scene.path('image'), { images });
    const run = (...more: readonly string[]): Promise<Run> =>
      pushTo(scene, scene.destination, ...flags, '--output=json', ...more);
    // First all of it, then what is there already; and the dry run itself makes nothing.
    for (const status of ['planned', 'unchanged']) {
      const [plan] = destinationsIn(await run('--dry-run'));
      const before = scene.registry.requests.length;
      const [result] = destinationsIn(await run());
      expect([plan?.status, plan?.requests]).toEqual([
        status,
        scene.registry.requests.length - before,
      ]);
      expect(result?.status).toBe(status === 'planned' ? 'pushed' : status);
    }
  });
});
