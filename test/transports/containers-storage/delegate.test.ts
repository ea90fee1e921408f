import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findDelegate } from '../../../src/transports/containers-storage/delegate.ts';
import { splitSpecifier } from '../../../src/transports/containers-storage/specifier.ts';
import { parseStoredName } from '../../../src/transports/containers-storage/stored-name.ts';
import {
  storageTarget,
  type StorageTarget,
} from '../../../src/transports/containers-storage/target.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeFakeDelegates } from './fake-delegate.ts';

const ID = 'a'.repeat(64);
const DIGEST = `sha256:${'b'.repeat(64)}`;
const PLACES = { image: '/t/image', policy: '/t/policy', temporary: '/t/tmp' };

function target(text: string): StorageTarget {
  const { specifier, rest } = splitSpecifier(text);
  return storageTarget(specifier, parseStoredName(rest));
}

async function commands(tool: string, text: string): Promise<readonly (readonly string[])[]> {
  const fakes = await makeFakeDelegates();
  await fakes.install(tool);
  const delegate = await findDelegate(target(text), fakes.environment);
  expect(delegate.path).toBe(join(fakes.directory, 'bin', tool));
  return delegate.argumentsFor({ ...PLACES, id: ID, target: target(text) });
}

describe('skopeo', () => {
  const OPTIONS = ['--policy', '/t/policy', '--tmpdir', '/t/tmp'];

  test.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['localhost/a:1', 'localhost/a:1'],
    [`localhost/a@${DIGEST}`, `localhost/a@${DIGEST}`],
    [`localhost/a:1@${ID}`, 'localhost/a:1'],
    [`@${ID}`, `@${ID}`],
    [ID, `@${ID}`],
    ['[vfs@/g+/r:a=b]a:1', '[vfs@/g+/r:a=b]docker.io/library/a:1'],
    ['[overlay2@/g]localhost/a', '[overlay2@/g]localhost/a:latest'],
  ])('is told to write %s', async (text, name) => {
    expect(await commands('skopeo', text)).toEqual([
      [...OPTIONS, 'copy', '--quiet', 'dir:/t/image', `containers-storage:${name}`],
    ]);
  });
});

describe('podman', () => {
  const PULL = ['pull', '--quiet', '--signature-policy', '/t/policy', 'dir:/t/image'];

  test.each([
    ['busybox', [], 'docker.io/library/busybox:latest'],
    [`localhost/a:1@${ID}`, [], 'localhost/a:1'],
    [
      '[/g:a=b,c=d]a:1',
      ['--root', '/g', '--storage-opt', 'a=b', '--storage-opt', 'c=d'],
      'docker.io/library/a:1',
    ],
    [
      '[overlay2@/g+/r]localhost/a',
      ['--root', '/g', '--runroot', '/r', '--storage-driver', 'overlay'],
      'localhost/a:latest',
    ],
    ['[/g]localhost/a', ['--root', '/g'], 'localhost/a:latest'],
  ])('is told to write %s', async (text, storage, name) => {
    const options = ['--remote=false', ...storage];
    expect(await commands('podman', text)).toEqual([
      [...options, ...PULL],
      [...options, 'tag', ID, name],
    ]);
  });

  test('gives no name to an image that is to have none', async () => {
    expect(await commands('podman', `@${ID}`)).toEqual([['--remote=false', ...PULL]]);
  });
});

describe('the environment', () => {
  const GIVEN = { TMPDIR: '/var/tmp', HOME: '/h', XDG_RUNTIME_DIR: '/run/user/1' };

  async function environment(tool: string, given: object, uid: number): Promise<object> {
    const fakes = await makeFakeDelegates();
    await fakes.install(tool);
    const delegate = await findDelegate(target('a'), fakes.environment);
    vi.spyOn(process, 'geteuid').mockReturnValue(uid);
    onTestFinished(() => void vi.restoreAllMocks());
    return delegate.environmentFor({ ...PLACES, id: ID, target: target('a') }, { ...given });
  }

  test.each([
    ['skopeo', GIVEN, 0, '/var/tmp'],
    ['podman', GIVEN, 1, '/t/tmp'],
    ['podman', { ...GIVEN, XDG_RUNTIME_DIR: '' }, 0, '/t/tmp'],
    ['podman', { ...GIVEN, XDG_RUNTIME_DIR: '' }, 1, '/var/tmp'],
  ])('of %s where it is %j for user %i', async (tool, given, uid, TMPDIR) => {
    expect(await environment(tool, given, uid)).toEqual({ ...given, TMPDIR });
  });
});

describe('findDelegate', () => {
  test.each([
    [['skopeo', 'podman'], 'localhost/a', 'skopeo'],
    [['podman'], 'localhost/a', 'podman'],
    [['skopeo', 'podman'], `localhost/a@${DIGEST}`, 'skopeo'],
  ])('of %j for %s takes %s', async (installed, text, expected) => {
    const fakes = await makeFakeDelegates();
    for (const name of installed) await fakes.install(name);
    const { name } = await findDelegate(target(text), fakes.environment);
    expect(name).toBe(expected);
  });

  test('passes over what is no program', async () => {
    const fakes = await makeFakeDelegates();
    await mkdir(join(fakes.directory, 'bin', 'skopeo'));
    await chmod(await fakes.install('podman'), 0o644);
    const error = await thrownBy(findDelegate(target('a'), fakes.environment));
    expect(error).toMatchObject({ code: 'UNSUPPORTED', origin: 'destination' });
    expect(error.message).toMatch(/skopeo.*podman/);
  });

  test.each([{}, { PATH: '' }, { PATH: '.' }])('finds nothing with %j', async (environment) => {
    const error = await thrownBy(findDelegate(target('a'), environment));
    expect(error).toMatchObject({ code: 'UNSUPPORTED', hint: expect.stringContaining('install') });
  });

  test('refuses what podman alone cannot do', async () => {
    const fakes = await makeFakeDelegates();
    await fakes.install('podman');
    const error = await thrownBy(findDelegate(target(`a@${DIGEST}`), fakes.environment));
    expect(error).toMatchObject({ code: 'UNSUPPORTED', origin: 'destination' });
    expect(error.hint).toContain('install skopeo');
  });
});
