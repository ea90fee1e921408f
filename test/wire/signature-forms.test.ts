/** Signatures for sigstore as referrers: where they go, in which order, and where they cannot. */
import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseDigest } from '../../src/image/digest.ts';
import { referrersTag } from '../../src/image/referrers.ts';
import { writeFiles } from '../config/places.ts';
import { SEALED_KEY } from '../signing/sigstore/vectors.ts';
import { makeLayer, writeOciIndex, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import type { RegistryOptions } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM = { os: 'linux', architecture: 'arm64' };
/** Lists what refers to an image, as registries of version 1.1 do. */
const LISTING: RegistryOptions = { referrersPage: 10 };

async function openSigning(options: RegistryOptions = {}): Promise<Scene> {
  const scene = await openScene(options);
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  await writeFile(scene.path('key'), pem);
  return scene;
}

const SIGN = ['--sign-by-sigstore-private-key=key', '--sign-sigstore-form=referrer'];

function sign(scene: Scene, flags: readonly string[] = [], source = 'oci:image'): Promise<Run> {
  return scene.push(source, [...SIGN, ...flags], { cwd: scene.home.path });
}

/** The manifests that were put, in order; digests by their algorithm alone. */
function written({ registry }: Scene): readonly string[] {
  return registry.requests
    .filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/'))
    .map(({ path }) => path.replace(/^.*manifests\//, '').replace(/(sha256[:-]).*/, '$1…'));
}

/** The subjects of all bundles at the registry, in the order of the manifests. */
function signedDigests({ repository }: Scene): readonly string[] {
  return [...repository.manifests.values()].flatMap(({ bytes }) => {
    const { artifactType, subject } = JSON.parse(Buffer.from(bytes).toString()) as {
      readonly artifactType?: string;
      readonly subject?: { readonly digest: string };
    };
    return artifactType === BUNDLE && subject ? [subject.digest] : [];
  });
}

describe('a signature as a referrer', () => {
  test('comes before the names, and is good for all of them', async () => {
    await using scene = await openSigning(LISTING);
    const run = await sign(scene, ['--tag=2', '--output=json']);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toContain('Creating signature: Signing image using a sigstore bundle\n');
    const digest = String(await scene.digestFile());
    expect(signedDigests(scene)).toEqual([digest]);
    expect(written(scene)).toEqual(['sha256:…', 'sha256:…', '1', '2']);
    expect(JSON.parse(run.stdout)).toMatchObject({
      destinations: [{ signatures: [{ digest, format: 'sigstore-bundle' }] }],
    });
  });

  test('is listed under a tag where the registry lists nothing', async () => {
    await using scene = await openSigning();
    expect(await sign(scene)).toMatchObject({ code: 0 });
    expect(written(scene)).toEqual(['sha256:…', 'sha256:…', 'sha256-…', '1']);
    const digest = parseDigest(String(await scene.digestFile()));
    const list = scene.repository.manifest(referrersTag(digest))?.bytes ?? Buffer.of();
    expect(JSON.parse(Buffer.from(list).toString())).toMatchObject({
      manifests: [{ artifactType: BUNDLE }],
    });
  });

  test.each([[LISTING], [{}]])('is made once, at a registry with %j', async (options) => {
    await using scene = await openSigning(options);
    expect(await sign(scene)).toMatchObject({ code: 0 });
    const { length } = scene.registry.requests;
    const again = await sign(scene, ['--output=json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ destinations: [{ status: 'unchanged' }] });
    expect(again.stderr).not.toContain('Creating signature');
    const since = scene.registry.requests.slice(length).map(({ method }) => method);
    expect(since.filter((method) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });

  test('signs every image of a list, and the list', async () => {
    await using scene = await openSigning(LISTING);
    const [layer, other] = [await makeLayer({ a: '1' }), await makeLayer({ a: '2' })];
    const list = await writeOciIndex(scene.path('list'), {
      images: [
        { layers: [layer], platform: AMD64, compression: 'gzip' },
        { layers: [other], platform: ARM, compression: 'gzip' },
      ],
    });
    expect(await sign(scene, [], 'oci:list')).toMatchObject({ code: 0 });
    const signed = [...list.images.map(({ manifest }) => manifest), list.index];
    expect(signedDigests(scene)).toEqual(signed.map(({ descriptor }) => descriptor.digest));
  });

  test('stands beside an attachment, with one passphrase for both', async () => {
    await using scene = await openSigning(LISTING);
    await writeFile(scene.path('key'), SEALED_KEY);
    const yaml = 'default-docker: { use-sigstore-attachments: true }';
    await writeFiles(scene.home.path, { '.config/containers/registries.d/a.yaml': yaml });
    const both = ['--sign-by-sigstore-private-key=key', '--sign-sigstore-form=both'];
    const input = Buffer.from('s3cret\n');
    const run = await scene.push('oci:image', both, { cwd: scene.home.path, input });
    expect(run).toMatchObject({ code: 0 });
    expect(written(scene)).toEqual(['sha256:…', 'sha256-…', 'sha256:…', '1']);
  });

  test('is in a layout with its image, once', async () => {
    await using scene = await openSigning();
    const push = (): Promise<Run> => scene.home.run(['push', ...SIGN, 'oci:image', 'oci:copy:1']);
    expect(await push()).toMatchObject({ code: 0 });
    const index = await readFile(scene.path('copy/index.json'), 'utf8');
    const entry = { artifactType: BUNDLE };
    expect(JSON.parse(index)).toMatchObject({ manifests: [{}, entry] });
    const again = await push();
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).not.toContain('Creating signature');
    expect(JSON.parse(await readFile(scene.path('copy/index.json'), 'utf8'))).toMatchObject({
      manifests: [{}, entry],
    });
    // And on to a registry, as what refers to the image.
    const flags = ['push', '--tls-verify=false', '--referrers=signatures'];
    expect(await scene.home.run([...flags, 'oci:copy:1', scene.destination])).toMatchObject({
      code: 0,
    });
    expect(signedDigests(scene)).toHaveLength(1);
  });
});

describe('nothing is written', () => {
  test.each<[to: string, complaint: string]>([
    ['dir:copy', 'storing such signatures is not supported'],
    ['oci:copy', 'storing signatures is not supported'],
    ['oci-archive:copy:1', 'storing signatures is not supported'],
    ['docker-archive:copy:a:1', 'storing signatures is not supported'],
  ])('to %s, which cannot hold referrers', async (to, complaint) => {
    await using scene = await openSigning();
    const run = await scene.home.run(['push', ...SIGN, 'oci:image', to]);
    expect(run).toMatchObject({ code: 125, stderr: expect.stringContaining(complaint) as string });
    expect(await readdir(scene.home.path)).not.toContain('copy');
  });

  test.each<[what: string, flags: readonly string[], complaint: string]>([
    ['without the key', ['--sign-by-sigstore-private-key=none'], 'no such file or directory'],
    ['for an identity', ['--sign-identity=r.example/a:1'], 'may not be used with'],
    ['for nobody', ['--sign-by-sigstore-private-key='], 'nobody signs for sigstore'],
  ])('%s', async (_, flags, complaint) => {
    await using scene = await openSigning();
    const run = await sign(scene, flags);
    expect(run).toMatchObject({ code: 125, stderr: expect.stringContaining(complaint) as string });
    expect(scene.registry.requests).toEqual([]);
  });

  test('under the name when the signature is refused', async () => {
    const faults = [{ on: { method: 'PUT', path: /manifests\/sha256-/ }, do: { status: 403 } }];
    await using scene = await openSigning({ faults });
    expect(await sign(scene)).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('writing signatures: ') as string,
    });
    expect([...scene.repository.tags.keys()]).toEqual([]);
    expect(await scene.digestFile()).toBeUndefined();
  });
});
