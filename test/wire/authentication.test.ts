/** Every way to say who one is, and what happens to those who may not push. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../support/failure.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import type { RunOptions } from '../support/ocipush.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { RegistryAuth } from '../support/registry/auth.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { RegistryOptions } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { HELPER_NOTES, IDENTITY_TOKEN, PASSWORD, USER } from '../support/secrets.ts';

const BASIC = { kind: 'basic', user: USER, password: PASSWORD } as const;
const BEARER = { kind: 'bearer', user: USER, password: PASSWORD } as const;
const ENCODED = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');

async function openGuarded(options: RegistryOptions): Promise<Scene> {
  const scene = await openScene(options);
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  return scene;
}

/** Writes an auth file for the registry, or for one of its repositories. */
async function writeAuth(scene: Scene, path: string, where = ''): Promise<void> {
  const auths = { [`${scene.registry.host}${where}`]: { auth: ENCODED } };
  await mkdir(scene.path(`${path}/..`), { recursive: true });
  await writeFile(scene.path(path), JSON.stringify({ auths }));
}

/** A credential helper on the PATH that notes how it was called. */
async function writeHelper(scene: Scene): Promise<string> {
  await mkdir(scene.path('bin'));
  const program = scene.path('bin/docker-credential-test');
  const answer = JSON.stringify({ ServerURL: '', Username: USER, Secret: PASSWORD });
  const script = `#!/bin/sh
{ echo "$# $*"; cat; } > ${scene.path(HELPER_NOTES)}
echo '${answer}'
`;
  await writeFile(program, script);
  await chmod(program, 0o755);
  return `${scene.path('bin')}:${process.env['PATH']}`;
}

type Prepare = (scene: Scene) => Promise<{ flags?: readonly string[] } & RunOptions>;

const WAYS: readonly (readonly [way: string, prepare: Prepare])[] = [
  ['--creds', async () => ({ flags: ['--creds', `${USER}:${PASSWORD}`] })],
  [
    '--authfile',
    async (scene) => {
      await writeAuth(scene, 'auth.json');
      return { flags: ['--authfile=auth.json'] };
    },
  ],
  [
    '--authfile, for the repository',
    async (scene) => {
      await writeAuth(scene, 'auth.json', '/team/app');
      return { flags: ['--authfile=auth.json'] };
    },
  ],
  [
    'REGISTRY_AUTH_FILE',
    async (scene) => {
      await writeAuth(scene, 'auth.json');
      return { env: { REGISTRY_AUTH_FILE: scene.path('auth.json') } };
    },
  ],
  [
    'DOCKER_CONFIG',
    async (scene) => {
      await writeAuth(scene, 'docker/config.json');
      return { env: { DOCKER_CONFIG: scene.path('docker') } };
    },
  ],
  [
    'what docker login has left',
    async (scene) => {
      await writeAuth(scene, '.docker/config.json');
      return {};
    },
  ],
  [
    'a credential helper',
    async (scene) => {
      const helpers = { credHelpers: { [scene.registry.host]: 'test' } };
      await writeFile(scene.path('auth.json'), JSON.stringify(helpers));
      return { flags: ['--authfile=auth.json'], env: { PATH: await writeHelper(scene) } };
    },
  ],
];

describe.each<readonly [kind: string, auth: RegistryAuth]>([
  ['basic', BASIC],
  ['bearer', BEARER],
])('%s authentication', (_, auth) => {
  test.each(WAYS)('by %s', async (_way, prepare) => {
    await using scene = await openGuarded({ auth });
    const { flags, ...options } = await prepare(scene);
    const run = await scene.push('oci:image', flags, options);
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect(run.stderr).not.toMatch(/secret|level=warning/);
    expect(await scene.digestFile()).toBe(pushedImage(scene.repository, '1').digest);
  });

  test.each([
    ['wrong', ['--creds', `${USER}:wrong-secret`]],
    ['missing', []],
  ])('with a %s password', async (_which, flags) => {
    await using scene = await openGuarded({ auth });
    const run = await scene.push('oci:image', ['--retry=3', ...flags]);
    expect(failureOf(run)).toMatchObject({ code: 125, hint: expect.any(String) });
    expect(run.stderr).not.toMatch(/secret|retrying/);
    expect(await scene.digestFile()).toBeUndefined();
    expect(scene.repository.blobs.size).toBe(0);
  });
});

test('a helper is asked for the registry, on its standard input', async () => {
  await using scene = await openGuarded({ auth: BASIC });
  await writeFile(
    scene.path('auth.json'),
    JSON.stringify({ credHelpers: { [scene.registry.host]: 'test' } }),
  );
  const env = { PATH: await writeHelper(scene) };
  expect(await scene.push('oci:image', ['--authfile=auth.json'], { env })).toMatchObject({
    code: 0,
  });
  expect(await readFile(scene.path(HELPER_NOTES), 'utf8')).toBe(`1 get\n${scene.registry.host}`);
});

describe('tokens', () => {
  test('are had without a password where anybody may push', async () => {
    await using scene = await openGuarded({ auth: { kind: 'bearer' } });
    expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
    const [request] = scene.registry.requests.filter(({ path }) => path === '/token');
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.query.getAll('scope')).toEqual(['repository:team/app:pull,push']);
  });

  test.each([
    ['HEAD', 2], // the first one has none yet
    ['POST', 1],
    ['PATCH', 1],
    ['PUT', 1],
  ])('that expire before a %s are renewed', async (method, nth) => {
    const fault: Fault = { on: { method, nth }, do: { expireToken: true } };
    await using scene = await openGuarded({ auth: BEARER, faults: [fault] });
    const run = await scene.push('oci:image', ['--creds', `${USER}:${PASSWORD}`]);
    expect(run).toMatchObject({ code: 0 });
    expect(scene.registry.unfired()).toEqual([]);
    pushedImage(scene.repository, '1');
  });

  test('that have always expired on arrival end the push', async () => {
    const auth = { ...BEARER, tokenLifetimeSeconds: 0 };
    await using scene = await openGuarded({ auth });
    const run = await scene.push('oci:image', ['--creds', `${USER}:${PASSWORD}`]);
    expect(failureOf(run)).toMatchObject({ code: 125 });
    expect(scene.repository.tags.size).toBe(0);
  });

  test.each([
    ['an identity token', { identitytoken: IDENTITY_TOKEN }],
    [
      'docker login with one',
      { auth: Buffer.from('<token>:').toString('base64'), identitytoken: IDENTITY_TOKEN },
    ],
  ])('are had with %s', async (_, entry) => {
    await using scene = await openGuarded({
      auth: { kind: 'bearer', identityToken: IDENTITY_TOKEN },
    });
    const auths = { [scene.registry.host]: entry };
    await writeFile(scene.path('auth.json'), JSON.stringify({ auths }));
    const run = await scene.push('oci:image', ['--authfile=auth.json']);
    expect(run).toMatchObject({ code: 0 });
    pushedImage(scene.repository, '1');
  });

  test('of a server that honours one scope only will do', async () => {
    await using scene = await openGuarded({ auth: { ...BEARER, firstScopeOnly: true } });
    const run = await scene.push('oci:image', ['--creds', `${USER}:${PASSWORD}`]);
    expect(run).toMatchObject({ code: 0 });
  });
});

test('who may not push is told so', async () => {
  const fault: Fault = { on: { method: 'POST', times: Infinity }, do: { status: 403 } };
  await using scene = await openGuarded({ auth: BASIC, faults: [fault] });
  const run = await scene.push('oci:image', ['--retry=3', '--creds', `${USER}:${PASSWORD}`]);
  expect(failureOf(run)).toMatchObject({
    code: 125,
    error: expect.stringContaining('requested access to the resource is denied'),
    hint: expect.any(String),
  });
  expect(scene.repository.tags.size).toBe(0);
  expect(await scene.digestFile()).toBeUndefined();
});

test('one may push where one must not read', async () => {
  const fault: Fault = { on: { method: 'HEAD', times: Infinity }, do: { status: 403 } };
  await using scene = await openGuarded({ faults: [fault] });
  expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
});
