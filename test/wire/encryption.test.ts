/** Encrypted pushes: what arrives, what stays secret, and what is refused before any request. */
import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { decryptLayer } from '../support/decryption.ts';
import { aftermathOf, CLEAR_FAILURE } from '../support/failure.ts';
import { curvePair, rsaPair, type KeyPair } from '../support/key-pairs.ts';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import type { FaultAction, FaultTarget } from '../support/registry/faults.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import { openScene, type Scene } from '../support/scene.ts';

const PAIR = curvePair('P-256');
const KEY = '--encryption-key=jwe:key.pem';

/** Writes an image of two layers, and a key to encrypt them with. */
async function prepare(scene: Scene, compression: 'none' | 'gzip' = 'none') {
  const layers = [await makeLayer({ a: '1' }), await makeLayer({ noise: noise(300_000) })];
  await writeFile(scene.path('key.pem'), pemOf(PAIR));
  return writeOciLayout(scene.path('image'), { layers, compression });
}

function pemOf({ publicKey }: Pick<KeyPair, 'publicKey'>): string {
  return publicKey.export({ format: 'pem', type: 'spki' }).toString();
}

/** The layers at the registry, decrypted. */
async function decrypted({ repository }: Scene) {
  const manifest = repository.manifest('1')?.bytes ?? Buffer.from('{"layers":[]}');
  const { layers } = JSON.parse(Buffer.from(manifest).toString()) as { layers: Descriptor[] };
  return Promise.all(
    layers.map((layer) =>
      decryptLayer(
        layer,
        repository.blobs.get(layer.digest)?.bytes ?? Buffer.of(),
        PAIR.privateKey,
      ),
    ),
  );
}

const PATCH = { method: 'PATCH' };

describe.concurrent('what is sent again is the same', () => {
  test.each<[what: string, on: FaultTarget, fault: FaultAction | undefined]>([
    ['nothing goes wrong', {}, undefined],
    ['a reset before the first byte', PATCH, { resetAfterBytes: 0 }],
    ['a reset in a stream', { ...PATCH, nth: 2 }, { resetAfterBytes: 100_001 }],
    ['bytes that are lost', PATCH, { resetAfterBytes: 9, discard: true }],
    ['no answer to a stream', PATCH, { closeBeforeAnswer: true }],
    ['503 to the end of a stream', { method: 'PUT', path: /\/blobs\// }, { status: 503 }],
    ['503 to the manifest', { method: 'PUT', path: /\/manifests\// }, { status: 503 }],
  ])('%s', async (_, on, fault) => {
    await using scene = await openScene({ faults: fault ? [{ on, do: fault }] : [] });
    const image = await prepare(scene);
    const flags = [KEY, '--retry=2', '--retry-delay=10ms'];
    expect(await scene.push('oci:image', flags)).toMatchObject({ code: 0, stdout: '' });
    const plain = (await decrypted(scene)).map((layer) => digestOf(gunzipSync(layer.plain)));
    expect(plain).toEqual(image.layers.map(({ diffID }) => diffID));
    // Each layer came to one blob, however often it was sent.
    expect(scene.repository.blobs.size).toBe(3);
    expect(scene.registry.unfired()).toEqual([]);
  });
});

/** The contents of all files below a directory. */
async function filesBelow(directory: string): Promise<readonly Buffer[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))));
}

test('no key reaches the output, a file or the registry, and no plain byte that', async () => {
  await using scene = await openScene();
  const image = await prepare(scene, 'gzip');
  const run = await scene.push('oci:image', [KEY, '--output=json']);
  const layers = await decrypted(scene);
  expect(layers.map(({ plain }) => digestOf(plain))).toEqual(
    image.layers.map(({ descriptor }) => descriptor.digest),
  );
  const files = await filesBelow(scene.home.path);
  const stored = [...scene.repository.blobs.values()].map(({ bytes }) => Buffer.from(bytes ?? []));
  const manifest = Buffer.concat([scene.repository.manifest('1')?.bytes ?? Buffer.of()]);
  for (const { options } of layers) {
    const raw = Buffer.from(options.symkey, 'base64');
    for (const place of [...files, ...stored, manifest, Buffer.from(run.stdout + run.stderr)]) {
      expect(place.includes(options.symkey)).toBe(false);
      expect(place.includes(raw)).toBe(false);
      expect(place.includes(raw.toString('hex'))).toBe(false);
    }
  }
  for (const { descriptor } of image.layers) {
    expect(scene.repository.blobs.has(descriptor.digest)).toBe(false);
  }
  // Nor is remembered what the layers have become.
  const { layers: written } = JSON.parse(manifest.toString()) as { layers: Descriptor[] };
  const cache = await filesBelow(scene.path('.cache'));
  for (const { digest } of written) {
    expect(cache.some((file) => file.includes(digest))).toBe(false);
  }
});

test('--dry-run and --output tell what is encrypted', async () => {
  await using scene = await openScene();
  await prepare(scene);
  const flags = ['push', '--tls-verify=false', KEY, '--encrypt-layer=-1'];
  const words = ['oci:image', scene.destination];
  const planned = await scene.home.run([...flags, '--dry-run', ...words]);
  expect(planned.stdout).toContain('(its digest depends on keys that every push makes anew)');
  expect(planned.stdout.match(/: gzip(?: and encrypt)? \(/g)).toEqual([
    ': gzip (',
    ': gzip and encrypt (',
  ]);
  expect(scene.repository.blobs.size).toBe(0);
  for (const more of [['--dry-run'], []]) {
    const { stdout } = await scene.home.run([...flags, '--output=json', ...more, ...words]);
    const { destinations } = JSON.parse(stdout) as {
      destinations: { blobs: { encrypted: boolean; digest: string | null }[] }[];
    };
    expect(destinations[0]?.blobs.map(({ encrypted }) => encrypted)).toEqual([false, true, false]);
    expect(destinations[0]?.blobs[1]?.digest === null).toBe(more.length > 0);
  }
});

/** Keys in files of these names, and why nothing can be encrypted with them. */
const BAD_KEYS: readonly (readonly [key: string, content: string | undefined, error: RegExp])[] = [
  ['jwe:none', undefined, /Unable to read file: open none: no such file or directory$/],
  ['jwe:.', undefined, /Unable to read file: open \.: is a directory$/],
  ['jwe:bad', '', /bad is empty$/],
  ['jwe:bad', 'text', /File provided is not a public key: bad$/],
  [
    'jwe:bad',
    rsaPair().privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    /File provided is not a public key: bad$/,
  ],
  [
    'jwe:bad',
    pemOf(generateKeyPairSync('ed25519')),
    /kind that JWE does not encrypt with: ed25519$/,
  ],
  ['jwe:bad', pemOf(rsaPair(1024)), /RSA key of 1024 bits/],
  ['pkcs7:bad', pemOf(rsaPair()), /File provided is not an x509 cert: bad$/],
  ['pkcs7:bad', TEST_CERTIFICATE.cert, /pkcs7: only RSA keys are supported: bad$/],
  ['pgp:./bad', 'text', /bad holds no PGP key/],
  ['pgp:nobody@example.org', undefined, /error from gpg: exec: "gpg": executable file not found/],
  ['pkcs11:bad', pemOf(PAIR), /Unsupported key object type/],
  ['pkcs11:bad', pemOf(rsaPair()), /too short for PKCS #11 with sha256$/],
  ['pkcs11:pkcs11:token=a', undefined, /exec: "p11tool": executable file not found/],
  ['provider:none', undefined, /OCICRYPT_KEYPROVIDER_CONFIG names no file$/],
  ['nothing', undefined, /Invalid recipient format$/],
  ['x509:bad', undefined, /Provided protocol not recognized$/],
];

describe('a key that is none ends the push before any request', () => {
  test.each(BAD_KEYS)('%#: %s', async (key, content, error) => {
    await using scene = await openScene();
    await prepare(scene);
    if (content !== undefined) await writeFile(scene.path('bad'), content);
    // Also beside one that is good, for nobody is left out.
    const flags = [KEY, `--encryption-key=${key}`];
    const run = await scene.push('oci:image', flags, { env: { PATH: '/nonexistent' } });
    expect(await aftermathOf(scene, run)).toEqual({
      ...CLEAR_FAILURE,
      error: expect.stringMatching(error) as string,
    });
    expect(run.stderr).toMatch(
      /^Error: unable to obtain encryption config: invalid encryption keys: .*\nHint: .*\n$/,
    );
    expect(scene.registry.requests).toEqual([]);
  });
});

describe('a wish that cannot be met is refused', () => {
  test.each<[flags: readonly string[], error: RegExp]>([
    [['--encrypt-layer=0'], /^--encrypt-layer can only be used with --encryption-key$/],
    [[KEY, '--format=v2s2'], /^encryption required together with format .* support encryption$/],
    [[KEY, '--encrypt-layer=2'], /layer index 2 out of range \(2 layers exist\)$/],
    [[KEY, '--encrypt-layer=-3'], /layer index -3 out of range \(2 layers exist\)$/],
    [[KEY, '--preserve-digests'], /should be encrypted, but we can't modify the manifest: /],
  ])('%j', async (flags, error) => {
    await using scene = await openScene();
    await prepare(scene);
    const run = await scene.push('oci:image', flags);
    expect(await aftermathOf(scene, run)).toEqual({
      ...CLEAR_FAILURE,
      error: expect.stringMatching(error) as string,
    });
    expect(scene.registry.requests.filter(({ method }) => method !== 'HEAD')).toEqual([]);
  });

  test.each([
    [
      'docker-archive:a.tar:a:1',
      /^encryption required but the destination only supports MIME types/,
    ],
    ['docker-archive:a.tar', /none of which support encryption$/],
  ])('by %s', async (destination, error) => {
    await using scene = await openScene();
    await prepare(scene);
    const run = await scene.home.run(['push', KEY, 'oci:image', destination]);
    expect(await aftermathOf(scene, run)).toEqual({
      ...CLEAR_FAILURE,
      error: expect.stringMatching(error) as string,
    });
    expect(await readdir(scene.home.path)).not.toContain('a.tar');
  });
});
