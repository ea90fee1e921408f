/** Signs on the way to a registry, with a key in a file: in which order, and what a failure leaves. */
import { readdir, writeFile } from 'node:fs/promises';
import { generateKey } from 'openpgp';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeFiles } from '../config/places.ts';
import { makeLayer, writeDir, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import type { RegistryOptions } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { PASSPHRASE, plantArmor } from '../support/secrets.ts';

let key = '';
let layers: readonly Uint8Array[] = [];

beforeAll(async () => {
  const userIDs = [{ email: 'me@example.com' }];
  key = (await generateKey({ userIDs, passphrase: PASSPHRASE })).privateKey;
  plantArmor(key);
  layers = [await makeLayer({ a: '1' })];
});

/** A registry, an image, a key, and registries.d that says this of the registry. */
async function openSigning(yaml: (home: string) => string, options: RegistryOptions = {}) {
  const scene = await openScene(options);
  await writeOciLayout(scene.path('image'), { layers });
  await writeFile(scene.path('key'), key);
  await writeFile(scene.path('passphrase'), `${PASSPHRASE}\n`);
  await writeFiles(scene.home.path, {
    '.config/containers/registries.d/a.yaml': `docker:\n  ${scene.registry.host}:\n    ${yaml(scene.home.path)}\n`,
  });
  return scene;
}

const LOOKASIDE = (home: string): string => `lookaside: file://${home}/signatures`;
const SIGN = ['--sign-by', './key', '--sign-passphrase-file', 'passphrase'];

function sign(scene: Scene, flags: readonly string[] = []): Promise<Run> {
  return scene.push('oci:image', [...SIGN, ...flags], { cwd: scene.home.path });
}

/** What was written, in order; digests by their algorithm alone. */
function writesTo({ registry }: Scene): readonly string[] {
  return registry.requests
    .filter(({ method, path }) => method === 'PUT' && /\/(?:manifests|signatures)\//.test(path))
    .map(({ path }) => path.replace(/^.*team\/app\//, '').replace(/(sha256:).*/, '$1…'));
}

describe('a signed image', () => {
  test('gets its names last, and its signature is where registries.d says', async () => {
    await using scene = await openSigning(LOOKASIDE);
    expect(await sign(scene, ['--tag=2'])).toMatchObject({ code: 0 });
    expect(writesTo(scene)).toEqual(['manifests/sha256:…', 'manifests/1', 'manifests/2']);
    const digest = String(await scene.digestFile());
    const directory = scene.path(`signatures/team/app@${digest.replace(':', '=')}`);
    expect((await readdir(directory)).toSorted()).toEqual(['signature-1', 'signature-2']);
  });

  test('has its signatures at a registry that stores them', async () => {
    await using scene = await openSigning(LOOKASIDE, { storesSignatures: true });
    expect(await sign(scene)).toMatchObject({ code: 0 });
    expect(writesTo(scene)).toEqual(['manifests/sha256:…', 'signatures/sha256:…', 'manifests/1']);
    expect(await sign(scene)).toMatchObject({ code: 0 });
    expect([...scene.repository.signatures.values()]).toEqual([[expect.anything()]]);
    expect(await readdir(scene.home.path)).not.toContain('signatures');
  });

  test('has no name when its signatures could not be stored', async () => {
    const path = /\/signatures\//;
    const faults = [{ on: { method: 'PUT', path }, do: { status: 403 } }];
    await using scene = await openSigning(LOOKASIDE, { storesSignatures: true, faults });
    const run = await sign(scene);
    expect(run).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('writing signatures: uploading signature') as string,
    });
    expect([...scene.repository.tags.keys()]).toEqual([]);
    expect(await scene.digestFile()).toBeUndefined();
  });

  test('says what is done in the words of podman, and no secret', async () => {
    await using scene = await openSigning(LOOKASIDE);
    const { stderr } = await sign(scene, ['--output=json']);
    expect(stderr).toContain(
      'Creating signature: Signing image using simple signing\nStoring signatures\n',
    );
    expect(stderr).not.toContain(PASSPHRASE);
  });
});

describe('nothing is sent', () => {
  test.each<[what: string, flags: readonly string[], complaint: string]>([
    ['with a wrong passphrase', ['--sign-passphrase-file', 'key'], 'Bad passphrase'],
    ['without a passphrase', ['--sign-passphrase-file='], 'Cannot prompt for a passphrase'],
    ['without the key', ['--sign-by', './nothing'], 'no such file or directory'],
    ['with a passphrase for two keys', ['--sign-by-sq-fingerprint', 'F'], 'only one of --sign-by'],
  ])('%s', async (_, flags, complaint) => {
    await using scene = await openSigning(LOOKASIDE);
    const run = await sign(scene, flags);
    expect(run).toMatchObject({ code: 125, stderr: expect.stringContaining(complaint) as string });
    expect(run.stderr).not.toContain(PASSPHRASE);
    expect(scene.registry.requests).toEqual([]);
  });

  test.each<[what: string, yaml: string, complaint: string]>([
    ['a server', 'lookaside: https://r.example/s', 'Writing directly to a https lookaside URL'],
    ['a file', 'lookaside: file:///etc/hostname', 'writing to /etc/hostname: not a directory'],
    ['nothing that is', 'lookaside: [}', 'parsing signature storage configuration'],
  ])('where the place for signatures is %s', async (_, yaml, complaint) => {
    await using scene = await openSigning(() => yaml);
    const run = await sign(scene);
    expect(run).toMatchObject({ code: 125, stderr: expect.stringContaining(complaint) as string });
    expect(scene.registry.requests.every(({ method }) => /GET|HEAD/.test(method))).toBe(true);
  });

  test('of an image whose own signatures may not be attached', async () => {
    await using scene = await openSigning(LOOKASIDE);
    await writeDir(scene.path('signed'), { layers });
    const signature = '\0sigstore-json\n{"mimeType":"a","payload":"","annotations":{}}';
    await writeFile(scene.path('signed/signature-1'), signature);
    expect(await scene.push('dir:signed')).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('attachments is disabled by configuration') as string,
    });
    expect(writesTo(scene)).toEqual([]);
  });

  test('to where images have no name to sign, or no place for signatures', async () => {
    await using scene = await openSigning(LOOKASIDE);
    const run = (to: string): Promise<Run> => scene.home.run(['push', ...SIGN, 'oci:image', to]);
    expect((await run('dir:copy')).stderr).toContain(
      'Cannot determine canonical Docker reference for destination dir:copy',
    );
    expect((await run('oci:copy')).stderr).toContain('storing signatures is not supported');
    expect(await readdir(scene.home.path)).not.toContain('copy');
  });
});
