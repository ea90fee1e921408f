import { chown, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { authFilePaths, authFileToChange, type Machine } from '../../src/config/auth-file-paths.ts';
import { temporaryDirectory } from './places.ts';

const ROOT: Machine = { platform: 'linux', uid: 0, runDirectory: '/nowhere' };
const HOME = { HOME: '/h' };
const HOME_FILES = ['/h/.config/containers/auth.json', '/h/.docker/config.json', '/h/.dockercfg'];

async function pathsOf(
  environment: NodeJS.ProcessEnv,
  { authfile, machine = ROOT }: { authfile?: string; machine?: Machine } = {},
) {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const found = await authFilePaths(authfile, environment, warn, machine);
  return { found, paths: found.map(({ path }) => path), warnings };
}

describe('authFilePaths', () => {
  const variables = { ...HOME, REGISTRY_AUTH_FILE: '/r', DOCKER_CONFIG: '/d' };

  test.each([
    ['/a', variables, { path: '/a', namedBy: '--authfile' }],
    [undefined, variables, { path: '/r', namedBy: '$REGISTRY_AUTH_FILE' }],
    ['', variables, { path: '/r', namedBy: '$REGISTRY_AUTH_FILE' }],
    [
      undefined,
      { ...variables, REGISTRY_AUTH_FILE: '' },
      { path: '/d/config.json', namedBy: '$DOCKER_CONFIG' },
    ],
  ])(
    'a file named by the user is the only one: %j, %j',
    async (authfile, environment, expected) => {
      const options = authfile === undefined ? {} : { authfile };
      expect((await pathsOf(environment, options)).found).toEqual([expected]);
    },
  );

  test.each([
    ['linux', HOME, ['/nowhere/containers/0/auth.json', ...HOME_FILES]],
    [
      'linux',
      { ...HOME, XDG_CONFIG_HOME: '/c' },
      ['/nowhere/containers/0/auth.json', '/c/containers/auth.json', ...HOME_FILES.slice(1)],
    ],
    ['linux', { ...HOME, DOCKER_CONFIG: '' }, ['/nowhere/containers/0/auth.json', ...HOME_FILES]],
    ['darwin', HOME, HOME_FILES],
    ['freebsd', HOME, HOME_FILES],
    ['win32', { ...HOME, XDG_RUNTIME_DIR: '/x' }, HOME_FILES],
    [
      'darwin',
      { ...HOME, XDG_CONFIG_HOME: '/c' },
      [HOME_FILES[0], '/c/containers/auth.json', ...HOME_FILES.slice(1)],
    ],
  ] as const)('well-known places on %s with %j', async (platform, environment, expected) => {
    const machine = { ...ROOT, platform };
    const { found, paths, warnings } = await pathsOf(environment, { machine });
    expect(paths).toEqual(expected);
    expect(found.every(({ namedBy }) => namedBy === undefined)).toBe(true);
    expect(warnings).toEqual([]);
  });

  test('without $HOME the user database knows', async () => {
    expect((await pathsOf({})).paths).toContain(join(homedir(), '.docker/config.json'));
  });

  test('$XDG_RUNTIME_DIR takes the place of /run', async () => {
    const runtime = await temporaryDirectory();
    const { paths, warnings } = await pathsOf({ ...HOME, XDG_RUNTIME_DIR: runtime });
    expect(paths).toEqual([join(runtime, 'containers/auth.json'), ...HOME_FILES]);
    expect(warnings).toEqual([]);
  });

  test('warns of an $XDG_RUNTIME_DIR that is not there, and skips it', async () => {
    const runtime = join(await temporaryDirectory(), 'missing');
    const { paths, warnings } = await pathsOf({ ...HOME, XDG_RUNTIME_DIR: runtime });
    expect(paths).toEqual(HOME_FILES);
    expect(warnings).toEqual([expect.stringContaining(`"${runtime}"`)]);
  });

  describe('without $XDG_RUNTIME_DIR', () => {
    const uid = process.getuid?.() || 4711;

    test.each([
      [uid, uid, true], // what rootless podman sets the variable to
      [uid + 1, uid, false], // a directory that is not ours
      [0, 0, false], // podman as root does not set it
    ])('user %i looks into a /run/user of user %i: %s', async (me, owner, looks) => {
      const runDirectory = await temporaryDirectory();
      const user = join(runDirectory, 'user', String(me));
      await mkdir(user, { recursive: true });
      if (process.getuid?.() === 0) await chown(user, owner, 0);
      const machine: Machine = { platform: 'linux', uid: me, runDirectory };
      expect((await pathsOf(HOME, { machine })).paths).toEqual([
        ...(looks ? [join(user, 'containers/auth.json')] : []),
        join(runDirectory, 'containers', String(me), 'auth.json'),
        ...HOME_FILES,
      ]);
    });
  });
});

describe('authFileToChange', () => {
  const variables = { ...HOME, REGISTRY_AUTH_FILE: '/r', DOCKER_CONFIG: '/d' };

  test.each([
    [{ authfile: '/a' }, variables, '/a', 'containers'],
    [{ compatAuthFile: '/c' }, variables, '/c', 'docker'],
    [{}, variables, '/r', 'containers'],
    [{ authfile: '', compatAuthFile: '' }, variables, '/r', 'containers'],
    [{}, { ...variables, REGISTRY_AUTH_FILE: '' }, '/d/config.json', 'docker'],
    [{}, HOME, '/nowhere/containers/0/auth.json', 'containers'],
  ] as const)('%j with %j: %s', async (flags, environment, path, format) => {
    expect(await authFileToChange(flags, environment, ROOT)).toEqual({ path, format });
  });

  test('is the one in the home outside of Linux', async () => {
    const machine = { ...ROOT, platform: 'darwin' } as const;
    expect(await authFileToChange({}, HOME, machine)).toEqual({
      path: HOME_FILES[0],
      format: 'containers',
    });
  });

  test('is nowhere else when $XDG_RUNTIME_DIR is not there', async () => {
    const environment = { ...HOME, XDG_RUNTIME_DIR: join(await temporaryDirectory(), 'missing') };
    await expect(authFileToChange({}, environment, ROOT)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      message: expect.stringContaining('$XDG_RUNTIME_DIR does not exist'),
    });
    expect(await authFileToChange({ authfile: '/a' }, environment, ROOT)).toMatchObject({
      path: '/a',
    });
  });
});
