/** Registries behind TLS: whom ocipush trusts, how it is told to trust more, and how it shows who it is. */
import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { FIRST_CERTIFICATE, FIRST_KEY, SECOND_CERTIFICATE } from '../config/certificates.ts';
import { aftermathOf, CLEAR_FAILURE, failureOf, type Aftermath } from '../support/failure.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import { pushedImage } from '../support/pushed-image.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import type { TlsFiles } from '../support/registry/listener.ts';
import { openScene, type Scene } from '../support/scene.ts';

const CLIENT = { 'client.cert': FIRST_CERTIFICATE, 'client.key': FIRST_KEY };
const AUTHORITY = { 'ca.crt': TEST_CERTIFICATE.cert };

async function openSecure(tls: TlsFiles | undefined = TEST_CERTIFICATE): Promise<Scene> {
  const scene = await openScene(tls && { tls });
  const layers = [await makeLayer({ a: '1' })];
  await writeOciLayout(scene.path('image'), { layers, compression: 'gzip' });
  return scene;
}

async function writeCertificates(
  scene: Scene,
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(scene.path(directory), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(scene.path(`${directory}/${name}`), text);
  }
}

/** Unlike {@link Scene.push}: TLS is not switched off. */
async function push(scene: Scene, ...flags: readonly string[]): Promise<Run> {
  return scene.home.run(['push', '--digestfile=digest', ...flags, 'oci:image', scene.destination]);
}

/** One clear error with this in its hint. */
function refusal(hint: string): Aftermath {
  return { ...CLEAR_FAILURE, hint: expect.stringContaining(hint) };
}

test.each([
  ['nobody has vouched for', [], {}],
  ['somebody else has vouched for', ['--cert-dir=certs'], { 'ca.crt': SECOND_CERTIFICATE }],
  ['nobody has vouched for, asked strictly', ['--tls-verify'], {}],
])('a registry that %s is refused', async (_, flags, files) => {
  await using scene = await openSecure();
  await writeCertificates(scene, 'certs', files);
  const run = await push(scene, ...flags);
  const hint = `/etc/containers/certs.d/${scene.registry.host}/ca.crt`;
  expect(await aftermathOf(scene, run)).toEqual(refusal(hint));
  expect(scene.registry.requests).toEqual([]);
});

test.each<readonly [where: string, directory: (scene: Scene) => string, flags: readonly string[]]>([
  ['--cert-dir', () => 'certs', ['--cert-dir', 'certs']],
  ['the home directory', ({ registry }) => `.config/containers/certs.d/${registry.host}`, []],
])('an authority from %s is trusted', async (_, directory, flags) => {
  await using scene = await openSecure();
  await writeCertificates(scene, directory(scene), AUTHORITY);
  expect(await push(scene, ...flags)).toMatchObject({ code: 0, stdout: '' });
  expect(await scene.digestFile()).toBe(pushedImage(scene.repository, '1').digest);
});

test.each<readonly [scheme: string, tls: TlsFiles | undefined]>([
  ['https', TEST_CERTIFICATE],
  ['http', undefined],
])('--tls-verify=false pushes over %s', async (scheme, tls) => {
  await using scene = await (tls === undefined ? openScene() : openSecure(tls));
  await writeOciLayout(scene.path('other'), { layers: [] });
  const args = ['push', '--tls-verify=false', 'oci:other', scene.destination];
  expect(await scene.home.run(args)).toMatchObject({ code: 0, stdout: '' });
  expect(scene.registry.url).toMatch(new RegExp(`^${scheme}:`));
  pushedImage(scene.repository, '1');
});

test('plain HTTP is not spoken unless that is allowed', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [] });
  expect(await aftermathOf(scene, await push(scene))).toEqual(refusal('--tls-verify=false'));
  expect(scene.registry.requests).toEqual([]);
});

test('a client shows its certificate', async () => {
  await using scene = await openSecure({ ...TEST_CERTIFICATE, ca: FIRST_CERTIFICATE });
  await writeCertificates(scene, 'certs', { ...AUTHORITY, ...CLIENT });
  expect(await push(scene, '--cert-dir=certs')).toMatchObject({ code: 0 });
  pushedImage(scene.repository, '1');
});

test('a client without the certificate that it needs is refused', async () => {
  await using scene = await openSecure({ ...TEST_CERTIFICATE, ca: FIRST_CERTIFICATE });
  await writeCertificates(scene, 'certs', AUTHORITY);
  const run = await push(scene, '--cert-dir=certs', '--retry=0');
  expect(failureOf(run)).toMatchObject({ code: 125 });
  expect(scene.registry.requests).toEqual([]);
});
