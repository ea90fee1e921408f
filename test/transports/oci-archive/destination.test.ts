import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { digestHex, digestOf, type Digest } from '../../../src/image/digest.ts';
import { indexTar } from '../../../src/io/tar-index.ts';
import { openRegularFile } from '../../../src/io/file-reader.ts';
import { imageAt } from '../../support/image-state.ts';
import { killEverywhere } from '../../support/kill-points.ts';
import { localReference, openBegun, pushLocally } from '../../support/local-push.ts';
import { makeLayer, noise, writeOciLayout } from '../../support/make-image.ts';
import { preparePushProcess } from '../../support/push-process.ts';
import { temporaryDirectory, withoutPermission } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeContext } from '../../support/transport-context.ts';

let directory = '';
let archive = '';
let temporary = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  temporary = join(directory, 'temporary');
  await mkdir(temporary);
  await mkdir(join(directory, 'out'));
  archive = join(directory, 'out', 'image.tar');
});

/** An image of its own for each name. */
async function image(name: string): Promise<{ source: string; digest: Digest; files: string[] }> {
  const layers = [await makeLayer({ file: noise(300_000, name) })];
  const path = join(directory, name);
  const made = await writeOciLayout(path, { layers, compression: 'gzip' });
  const files = [made.manifest, made.config, ...made.layers].map(({ descriptor }) =>
    digestHex(descriptor.digest),
  );
  return { source: `oci:${path}`, digest: made.manifest.descriptor.digest, files };
}

async function push(source: string, destination: string): Promise<void> {
  await pushLocally(source, destination, { temporaryDirectory: temporary });
  expect(await readdir(temporary)).toEqual([]);
}

describe('a push', () => {
  test('makes an archive, the same one for the same image', async () => {
    const x = await image('x');
    await push(x.source, `oci-archive:${archive}:a`);
    await using file = (await openRegularFile(archive)).handle;
    const members = await indexTar({ handle: file, size: (await file.stat()).size });
    expect(members.map(({ name }) => name)).toEqual([
      'blobs',
      'blobs/sha256',
      ...x.files.map((hex) => `blobs/sha256/${hex}`).toSorted(),
      'index.json',
      'oci-layout',
    ]);
    expect(await imageAt(`oci-archive:${archive}:a`)).toBe(x.digest);
    expect((await stat(archive)).mode & 0o777).toBe(0o644);
    const expected = digestOf(await readFile(archive));
    await push(x.source, `oci-archive:${archive}:a`);
    expect(digestOf(await readFile(archive))).toBe(expected);
    expect(await readdir(join(directory, 'out'))).toEqual(['image.tar']);
  });

  test('replaces whatever was there', async () => {
    const [x, y] = [await image('x'), await image('y')];
    await writeFile(archive, 'no archive at all');
    await push(x.source, `oci-archive:${archive}:a`);
    await push(y.source, `oci-archive:${archive}:b`);
    expect(await imageAt(`oci-archive:${archive}`)).toBe(y.digest);
  });

  test('follows a link to the archive, and has its temporary files there', async () => {
    const x = await image('x');
    await symlink(archive, join(directory, 'link.tar'));
    await push(x.source, `oci-archive:${join(directory, 'link.tar')}`);
    expect(await imageAt(`oci-archive:${archive}`)).toBe(x.digest);
    expect((await lstat(join(directory, 'link.tar'))).isSymbolicLink()).toBe(true);
  });

  test('goes into a named pipe, an open file and a device', async () => {
    const x = await image('x');
    await push(x.source, `oci-archive:${archive}`);
    const expected = digestOf(await readFile(archive));
    const pipe = join(directory, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const [read] = await Promise.all([readFile(pipe), push(x.source, `oci-archive:${pipe}`)]);
    expect(digestOf(read)).toBe(expected);
    await using file = await open(join(directory, 'file'), 'wx');
    await push(x.source, `oci-archive:/dev/fd/${file.fd}`);
    expect(digestOf(await readFile(join(directory, 'file')))).toBe(expected);
    await push(x.source, 'oci-archive:/dev/null');
  });

  test('goes to standard output and other open files', async () => {
    const x = await image('x');
    await push(x.source, `oci-archive:${archive}`);
    const expected = digestOf(await readFile(archive));
    await using process = await preparePushProcess();
    const args = [x.source, 'oci-archive:/dev/stdout'];
    const piped = process.start(args, ['ignore', 'pipe', 'inherit']);
    expect(piped.stdout && digestOf(await buffer(piped.stdout))).toBe(expected);
    const third = [x.source, 'oci-archive:/dev/fd/3'];
    const [, , , other] = process.start(third, ['ignore', 'inherit', 'inherit', 'pipe']).stdio;
    expect(digestOf(await buffer(other as Readable))).toBe(expected);
    await using file = await open(join(directory, 'file'), 'wx');
    await once(process.start(args, ['ignore', file.fd, 'inherit']), 'close');
    expect(digestOf(await readFile(join(directory, 'file')))).toBe(expected);
  });

  test('that fails leaves the old archive', async () => {
    const [x, y] = [await image('x'), await image('y')];
    await push(x.source, `oci-archive:${archive}`);
    await writeFile(join(directory, 'y', 'blobs', 'sha256', y.files[2] ?? ''), 'x');
    const failing = pushLocally(y.source, `oci-archive:${archive}`);
    expect(await thrownBy(failing)).toMatchObject({ origin: 'source' });
    expect(await imageAt(`oci-archive:${archive}`)).toBe(x.digest);
    expect(await readdir(join(directory, 'out'))).toEqual(['image.tar']);
  });

  test('that is killed, wherever it was, leaves the old archive or the new one', async () => {
    const [x, y] = [await image('x'), await image('y')];
    const found = await killEverywhere(directory, {
      old: x.source,
      new: y.source,
      place: (root) => `oci-archive:${join(root, 'image.tar')}`,
    });
    expect(new Set(found)).toEqual(new Set([x.digest, y.digest]));
    expect(found.lastIndexOf(x.digest)).toBeLessThan(found.indexOf(y.digest));
  }, 120_000);
});

describe('refuses', () => {
  async function opening(path: string): Promise<Error> {
    const context = makeContext({ temporaryDirectory: temporary });
    return thrownBy(openBegun(localReference(`oci-archive:${path}`), context));
  }

  test.each([
    ['missing/image.tar', 'no such file or directory'],
    ['regular/image.tar', 'not a directory'],
    ['temporary', 'illegal operation on a directory'],
  ])('%s', async (name, reason) => {
    await writeFile(join(directory, 'regular'), '');
    const path = join(directory, name);
    expect(await opening(path)).toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
      message: `writing ${path}: ${reason}`,
      hint: expect.any(String),
    });
  });

  test('a directory that may not be written to', async () => {
    const error = await withoutPermission(join(directory, 'out'), () => opening(archive));
    expect(error).toMatchObject({ code: 'FILE_UNWRITABLE', hint: expect.any(String) });
  });

  test('an index as destination', async () => {
    expect(await opening(`${archive}:@3`)).toMatchObject({
      code: 'REFERENCE_INVALID',
      message: 'Destination reference must not contain a manifest index @3',
    });
  });
});
