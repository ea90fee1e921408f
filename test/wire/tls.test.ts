/** Registries behind TLS: whom ocipush trusts, how it is told to trust more, and how it shows who it is. */
import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
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

async function openGuarded(tls: TlsFiles | undefined): Promise<Scene> {
  const scene = await openScene(tls && { tls });
  const layers = [await makeLayer({ a: '1' })];
  await writeOciLayout(scene.path('image'), { layers, compression: 'gzip' });
  return scene;
}

const openSecure = (tls: TlsFiles = TEST_CERTIFICATE): Promise<Scene> => openGuarded(tls);

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
  return pushWith(scene, {}, ...flags);
}

async function pushWith(
  scene: Scene,
  env: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<Run> {
  const args = ['push', '--digestfile=digest', ...flags, 'oci:image', scene.destination];
  return scene.home.run(args, { env });
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

test.each(['SSL_CERT_FILE', 'SSL_CERT_DIR'])('an authority in $%s is trusted', async (name) => {
  await using scene = await openSecure();
  await writeCertificates(scene, 'trusted', AUTHORITY);
  const env = { [name]: scene.path(name === 'SSL_CERT_FILE' ? 'trusted/ca.crt' : 'trusted') };
  expect(await pushWith(scene, env)).toMatchObject({ code: 0, stdout: '' });
  pushedImage(scene.repository, '1');
});

describe('registries.conf', () => {
  const rule = (scene: Scene, setting: string, more = ''): string =>
    `[[registry]]\nprefix = "${scene.registry.host}/team"\nlocation = "elsewhere.test/x"\n${setting} = true\n${more}`;

  async function pushUnder(scene: Scene, conf: string, ...flags: readonly string[]): Promise<Run> {
    await writeFile(scene.path('registries.conf'), conf);
    const env = { CONTAINERS_REGISTRIES_CONF: scene.path('registries.conf') };
    return pushWith(scene, env, ...flags);
  }

  test.each<readonly [scheme: string, flags: readonly string[], tls: TlsFiles | undefined]>([
    ['http', [], undefined],
    ['https', [], TEST_CERTIFICATE],
    ['http', ['--tls-verify=false'], undefined],
  ])('lets %s be spoken without trust (%j)', async (_, flags, tls) => {
    await using scene = await openGuarded(tls);
    const run = await pushUnder(scene, rule(scene, 'insecure'), ...flags);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    pushedImage(scene.repository, '1'); // here, and not where the location is
  });

  test.each([[undefined], [TEST_CERTIFICATE]])('yields to --tls-verify (%#)', async (tls) => {
    await using scene = await openGuarded(tls);
    const run = await pushUnder(scene, rule(scene, 'insecure'), '--tls-verify=true');
    expect(await aftermathOf(scene, run)).toEqual(CLEAR_FAILURE);
    expect(scene.registry.requests).toEqual([]);
  });

  test.each([[[]], [['--tls-verify=false']]])('blocks a registry, %j or not', async (flags) => {
    await using scene = await openGuarded(undefined);
    const run = await pushUnder(scene, rule(scene, 'blocked'), ...flags);
    const { host } = scene.registry;
    const blocked = `initializing destination docker://${scene.destination}: registry ${host}/team is blocked in one of ${scene.path('registries.conf')}, `;
    expect(await aftermathOf(scene, run)).toEqual({
      ...CLEAR_FAILURE,
      error: expect.stringContaining(blocked),
    });
    expect(scene.registry.requests).toEqual([]);
  });

  test('that cannot be read ends the push', async () => {
    await using scene = await openGuarded(undefined);
    const run = await pushUnder(scene, 'registry = ', '--tls-verify=false');
    expect(await aftermathOf(scene, run)).toEqual(CLEAR_FAILURE);
    expect(scene.registry.requests).toEqual([]);
  });
});

test.each<readonly [scheme: string, tls: TlsFiles | undefined]>([
  ['https', TEST_CERTIFICATE],
  ['http', undefined],
])('--tls-verify=false pushes over %s', async (scheme, tls) => {
  await using scene = await openGuarded(tls);
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
