/** Every variable that says where configuration, credentials or images are: each alone makes the difference. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { failureOf } from '../support/failure.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { makeStorage, type Storage } from '../transports/containers-storage/make-store.ts';
import { PASSWORD, USER } from '../support/secrets.ts';

type Variables = Readonly<Record<string, string>>;

async function write(scene: Scene, file: string, content: string | object): Promise<string> {
  await mkdir(dirname(scene.path(file)), { recursive: true });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  await writeFile(scene.path(file), text);
  return scene.path(file);
}

const BASIC = { kind: 'basic', user: USER, password: PASSWORD } as const;

function authFile({ registry }: Scene): object {
  return {
    auths: { [registry.host]: { auth: Buffer.from(`${USER}:${PASSWORD}`).toString('base64') } },
  };
}

/** The variable that names a directory with the password in this file. */
async function placed(scene: Scene, variable: string, file: string): Promise<Variables> {
  await write(scene, `there/${file}`, authFile(scene));
  return { [variable]: scene.path('there') };
}

/** containers.conf that says where the password is. */
async function configured(scene: Scene): Promise<string> {
  const path = await write(scene, 'a', authFile(scene));
  return write(scene, 'x.conf', `[engine]\nenv = ["REGISTRY_AUTH_FILE=${path}"]\n`);
}

/** registries.conf with a helper that has the password, and the PATH to it. */
async function withHelper(scene: Scene): Promise<{ readonly conf: string; readonly PATH: string }> {
  const answer = JSON.stringify({ Username: USER, Secret: PASSWORD });
  const script = `#!/bin/sh\necho '${answer}'\n`;
  await chmod(await write(scene, 'bin/docker-credential-test', script), 0o755);
  const conf = await write(scene, 'registries.conf', 'credential-helpers = ["test"]\n');
  return { conf, PATH: `${scene.path('bin')}:${process.env['PATH']}` };
}

test.each<[variable: string, prepare: (scene: Scene) => Promise<Variables>]>([
  [
    'REGISTRY_AUTH_FILE',
    async (scene) => ({ REGISTRY_AUTH_FILE: await write(scene, 'a', authFile(scene)) }),
  ],
  [
    'DOCKER_CONFIG',
    async (scene) => ({
      DOCKER_CONFIG: dirname(await write(scene, 'd/config.json', authFile(scene))),
    }),
  ],
  [
    'DOCKER_AUTH_CONFIG',
    async (scene) => ({ DOCKER_AUTH_CONFIG: JSON.stringify(authFile(scene)) }),
  ],
  ['XDG_RUNTIME_DIR', async (scene) => placed(scene, 'XDG_RUNTIME_DIR', 'containers/auth.json')],
  ['XDG_CONFIG_HOME', async (scene) => placed(scene, 'XDG_CONFIG_HOME', 'containers/auth.json')],
  ['HOME', async (scene) => placed(scene, 'HOME', '.docker/config.json')],
  ['CONTAINERS_CONF', async (scene) => ({ CONTAINERS_CONF: await configured(scene) })],
  [
    'CONTAINERS_CONF_OVERRIDE',
    async (scene) => ({ CONTAINERS_CONF_OVERRIDE: await configured(scene) }),
  ],
  [
    'CONTAINERS_REGISTRIES_CONF',
    async (scene) => {
      const { conf, PATH } = await withHelper(scene);
      return { CONTAINERS_REGISTRIES_CONF: conf, PATH };
    },
  ],
  [
    'REGISTRIES_CONFIG_PATH',
    async (scene) => {
      const { conf, PATH } = await withHelper(scene);
      return { REGISTRIES_CONFIG_PATH: conf, PATH };
    },
  ],
])('%s leads to credentials', async (variable, prepare) => {
  await using scene = await openScene({ auth: BASIC });
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const env = await prepare(scene);
  const { [variable]: _, ...others } = env;
  expect(await scene.push('oci:image', [], { env: others })).toMatchObject({ code: 125 });
  expect(await scene.push('oci:image', [], { env })).toMatchObject({ code: 0 });
});

const ROOTLESS = { _CONTAINERS_ROOTLESS_UID: '1000' };

function storageConf({ root, conf }: Storage): string {
  return `[storage]\ndriver = "${conf.driver}"\ngraphroot = "${root}"\n`;
}

test.each<
  [
    variable: string,
    driver: 'overlay' | 'vfs',
    prepare: (scene: Scene, storage: Storage) => Promise<Variables>,
  ]
>([
  [
    'CONTAINERS_STORAGE_CONF',
    'overlay',
    async (scene, storage) => ({
      CONTAINERS_STORAGE_CONF: await write(scene, 'storage.conf', storageConf(storage)),
    }),
  ],
  [
    'CONTAINERS_STORAGE_CONF_OVERRIDE',
    'overlay',
    async (scene, storage) => ({
      CONTAINERS_STORAGE_CONF_OVERRIDE: await write(scene, 'storage.conf', storageConf(storage)),
    }),
  ],
  [
    'STORAGE_DRIVER',
    'vfs',
    async (scene, { root }) => {
      const conf = `[storage]\ndriver = "overlay"\ngraphroot = "${root}"\n`;
      const CONTAINERS_STORAGE_CONF = await write(scene, 'storage.conf', conf);
      return { CONTAINERS_STORAGE_CONF, STORAGE_DRIVER: 'vfs' };
    },
  ],
  [
    'STORAGE_OPTS',
    'overlay',
    async (scene, { root }) => {
      const conf = `[storage]\ndriver = "overlay"\ngraphroot = "${scene.path('empty')}"\n`;
      const CONTAINERS_STORAGE_CONF = await write(scene, 'storage.conf', conf);
      return { CONTAINERS_STORAGE_CONF, STORAGE_OPTS: `overlay.imagestore=${root}` };
    },
  ],
  [
    'XDG_CONFIG_HOME',
    'overlay',
    async (scene, storage) => {
      await write(scene, 'config/containers/storage.conf', storageConf(storage));
      return { XDG_CONFIG_HOME: scene.path('config') };
    },
  ],
  [
    'XDG_DATA_HOME',
    'overlay',
    async (scene, { root }) => {
      await mkdir(scene.path('data/containers'), { recursive: true });
      await symlink(root, scene.path('data/containers/storage'));
      return { ...ROOTLESS, XDG_DATA_HOME: scene.path('data') };
    },
  ],
  [
    'HOME',
    'overlay',
    async (scene, storage) => {
      await write(scene, 'other/.config/containers/storage.conf', storageConf(storage));
      return { ...ROOTLESS, HOME: scene.path('other') };
    },
  ],
])('%s leads to images', async (variable, driver, prepare) => {
  await using scene = await openScene();
  const storage = await makeStorage(driver);
  await storage.image({ names: ['localhost/only-in-this-test:1'] });
  const env = await prepare(scene, storage);
  const { [variable]: _, ...others } = env;
  const push = (variables: Variables) =>
    scene.home.run(['push', 'only-in-this-test:1', 'dir:copy'], { env: variables });
  expect(failureOf(await push(others)).error).toMatch(/image not known|no storage/);
  expect(await push(env)).toMatchObject({ code: 0 });
});

test.each<Variables>([
  { CONTAINER_HOST: 'unix:///nowhere' },
  { CONTAINER_CONNECTION: 'nowhere' },
  { CONTAINER_SSHKEY: '/nowhere' },
  { BUILDAH_ISOLATION: 'nonsense' },
  { DOCKER_HOST: 'nonsense', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' }, // no daemon is meant
])('%j means nothing to a push', async (env) => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  expect(await scene.push('oci:image', [], { env })).toMatchObject({ code: 0 });
});

test('DOCKER_HOST says where the daemon is', async () => {
  await using scene = await openScene();
  const env = { DOCKER_HOST: `unix://${scene.path('docker.sock')}` };
  const run = await scene.home.run(['push', 'docker-daemon:app:1', 'dir:copy'], { env });
  expect(failureOf(run).error).toContain(env.DOCKER_HOST);
});
