/** `--digestfile`: the digest and nothing else, in files of every kind, and only after success. */
import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import { openScene, type Scene } from '../support/scene.ts';

async function openWithImage(options?: Parameters<typeof openScene>[0]): Promise<Scene> {
  const scene = await openScene(options);
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  return scene;
}

function digestOfPush({ repository }: Scene): string {
  return pushedImage(repository, '1').digest;
}

describe('a regular file', () => {
  test('is new, with the digest alone, for all to read', async () => {
    await using scene = await openWithImage();
    expect(await scene.push('oci:image')).toMatchObject({ code: 0, stdout: '' });
    expect(await readFile(scene.path('digest'))).toHaveLength(71);
    expect(await scene.digestFile()).toBe(digestOfPush(scene));
    expect((await stat(scene.path('digest'))).mode & 0o777).toBe(0o644);
    expect((await readdir(scene.home.path)).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('is replaced, never written over', async () => {
    await using scene = await openWithImage();
    await writeFile(scene.path('digest'), 'longer than a digest '.repeat(10));
    const reader = await open(scene.path('digest'));
    const before = await reader.stat();
    expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
    expect(await scene.digestFile()).toBe(digestOfPush(scene));
    expect((await stat(scene.path('digest'))).ino).not.toBe(before.ino);
    expect(await reader.readFile('latin1')).toMatch(/^longer than/);
    await reader.close();
  });

  test('is replaced behind a symbolic link', async () => {
    await using scene = await openWithImage();
    await mkdir(scene.path('elsewhere'));
    await writeFile(scene.path('elsewhere/file'), 'old');
    await symlink('elsewhere/file', scene.path('digest'));
    expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
    expect(await readlink(scene.path('digest'))).toBe('elsewhere/file');
    expect((await lstat(scene.path('elsewhere/file'))).isFile()).toBe(true);
    expect(await scene.digestFile()).toBe(digestOfPush(scene));
  });

  test('is written for an image that is there already', async () => {
    await using scene = await openWithImage();
    await scene.push('oci:image');
    await writeFile(scene.path('digest'), 'stale');
    await scene.push('oci:image');
    expect(await scene.digestFile()).toBe(digestOfPush(scene));
  });
});

describe('/dev/stdout', () => {
  const flags = ['--digestfile=/dev/stdout'];

  test.each([[[]], [['-q']]])('that is a pipe (%j)', async (more) => {
    await using scene = await openWithImage();
    const run = await scene.push('oci:image', [...flags, ...more]);
    expect(run).toMatchObject({ code: 0, stdout: digestOfPush(scene) });
  });

  test.each([
    ['w', ''],
    ['a', 'before'],
  ])('that is a file, opened with %s', async (mode, before) => {
    await using scene = await openWithImage();
    await writeFile(scene.path('output'), 'before');
    const output = await open(scene.path('output'), mode);
    const run = await scene.push('oci:image', flags, { stdout: output.fd });
    await output.write('after');
    await output.close();
    expect(run).toMatchObject({ code: 0 });
    const written = await readFile(scene.path('output'), 'latin1');
    expect(written).toBe(`${before}${digestOfPush(scene)}after`);
  });

  test('stays empty on failure', async () => {
    await using scene = await openWithImage();
    expect(await scene.push('oci:nope', flags)).toMatchObject({ code: 125, stdout: '' });
  });
});

test('a named pipe gets the digest and its end', async () => {
  await using scene = await openWithImage();
  execFileSync('mkfifo', [scene.path('digest')]);
  const reading = readFile(scene.path('digest'), 'latin1');
  expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
  expect(await reading).toBe(digestOfPush(scene));
});

describe('what was there before', () => {
  test('stays on failure', async () => {
    const faults = [{ on: { method: 'PUT', path: /manifests/ }, do: { status: 403 } }];
    await using scene = await openWithImage({ faults });
    await writeFile(scene.path('digest'), 'old');
    expect(await scene.push('oci:image')).toMatchObject({ code: 125 });
    expect(await scene.digestFile()).toBe('old');
    expect(scene.registry.unfired()).toEqual([]);
  });

  test.each(['nope/digest', 'directory', 'file/digest'])('%s cannot be written', async (path) => {
    await using scene = await openWithImage();
    await mkdir(scene.path('directory'));
    await writeFile(scene.path('file'), 'old');
    const run = await scene.push('oci:image', [`--digestfile=${path}`]);
    expect(run).toMatchObject({ code: 125, stderr: expect.stringContaining(`"${path}"`) });
    expect(scene.registry.requests).toEqual([]);
    expect(await readdir(scene.path('directory'))).toEqual([]);
  });

  test('that nobody may write to is replaced all the same', async () => {
    await using scene = await openWithImage();
    await writeFile(scene.path('digest'), 'old');
    await chmod(scene.path('digest'), 0o400);
    expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
    expect(await scene.digestFile()).toBe(digestOfPush(scene));
  });
});
