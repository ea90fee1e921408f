/** Archives as docker save wrote them before Docker 25, from images of every kind. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar-stream';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { OcipushError } from '../../../src/errors.ts';
import { measured, type BlobProduction, type BlobUpload } from '../../../src/image/blob.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { digestHex, digestOf, type Digest } from '../../../src/image/digest.ts';
import { encodeImageManifest } from '../../../src/image/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_TAR,
  DOCKER_MANIFEST,
} from '../../../src/image/media-types.ts';
import { single, type ByteStream } from '../../../src/io/bytes.ts';
import type { ImageDestination } from '../../../src/transports/transport.ts';
import { imageAt, leftovers } from '../../support/image-state.ts';
import { localReference, openBegun, pushLocally } from '../../support/local-push.ts';
import {
  makeLayer,
  noise,
  writeOciIndex,
  writeOciLayout,
  type ImageSpec,
  type MadeImage,
} from '../../support/make-image.ts';
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

/** An image of two layers, the first of which stands there again as the third. */
async function makeSource(name: string, spec: Partial<ImageSpec> = {}): Promise<MadeImage> {
  const base = await makeLayer({ file: noise(300_000, name) });
  const top = await makeLayer({ top: name });
  return writeOciLayout(join(directory, name), { layers: [base, top, base], ...spec });
}

async function push(name: string, destination: string): Promise<void> {
  await pushLocally(`oci:${join(directory, name)}`, destination, { temporaryDirectory: temporary });
  expect(await readdir(temporary)).toEqual([]);
}

interface Member {
  readonly name: string;
  readonly about: string;
  readonly text: string;
}

async function membersOf(bytes: Uint8Array): Promise<readonly Member[]> {
  const tar = extract();
  tar.end(bytes);
  const members: Member[] = [];
  for await (const entry of tar) {
    const { name, type, mode, uid, gid, uname, gname, mtime, linkname } = entry.header;
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const about = [type, mode.toString(8), uid, gid, uname, gname, mtime.getTime(), linkname];
    members.push({ name, about: about.join(' ').trim(), text: Buffer.concat(chunks).toString() });
  }
  return members;
}

/** Stores a config, which tells of its descriptor. */
async function putConfig(
  destination: ImageDestination,
  bytes: Uint8Array,
): Promise<{ readonly descriptor: Descriptor }> {
  const descriptor = { mediaType: DOCKER_CONFIG, digest: digestOf(bytes), size: bytes.length };
  const open = (): BlobProduction => ({ stream: single(bytes), result: () => descriptor });
  await destination.putBlob({ mediaType: DOCKER_CONFIG, candidates: [descriptor], open });
  return { descriptor };
}

const FILE = 'file 444 0 0   0';

describe('an image', () => {
  test.each([
    ['oci', 'none'],
    ['oci', 'gzip'],
    ['docker', 'none'],
    ['docker', 'gzip'],
  ] as const)('of format %s with layers of compression %s', async (format, compression) => {
    const { config, layers } = await makeSource('x', { format, compression });
    await push('x', `docker-archive:${archive}:foo`);
    const members = await membersOf(await readFile(archive));
    const hex = (digest: Digest | undefined): string => (digest ? digestHex(digest) : '');
    const tars = layers.map(({ diffID }) => `${hex(diffID)}.tar`);
    const configName = `${hex(config.descriptor.digest)}.json`;
    const ids = members
      .filter(({ name }) => name.endsWith('/json'))
      .map(({ name }) => name.slice(0, -'/json'.length));
    expect(members.map(({ name, about }) => [name, about])).toEqual([
      ...[tars[0], tars[1], configName].map((name) => [name, FILE]),
      ...ids.flatMap((id, index) => [
        [`${id}/layer.tar`, `symlink 0 0 0   0 ../${tars[index]}`],
        [`${id}/VERSION`, FILE],
        [`${id}/json`, FILE],
      ]),
      ['manifest.json', FILE],
      ['repositories', FILE],
    ]);
    const contents = new Map(members.map(({ name, text }) => [name, text]));
    expect(contents.get(configName)).toBe(Buffer.from(config.bytes).toString());
    expect(contents.get(`${ids[0]}/VERSION`)).toBe('1.0');
    expect(contents.get('manifest.json')).toBe(
      JSON.stringify([
        { Config: configName, RepoTags: ['docker.io/library/foo:latest'], Layers: tars },
      ]),
    );
    expect(contents.get('repositories')).toBe(`{"docker.io/library/foo":{"latest":"${ids[2]}"}}`);
    await imageAt(`docker-archive:${archive}:foo:latest`);
    expect((await stat(archive)).mode & 0o777).toBe(0o644);
    expect(await readdir(join(directory, 'out'))).toEqual(['image.tar']);
  });

  test('makes the same archive every time', async () => {
    await makeSource('x', { compression: 'gzip' });
    await push('x', `docker-archive:${archive}`);
    await push('x', `docker-archive:${archive}.2`);
    expect(await readFile(`${archive}.2`)).toEqual(await readFile(archive));
  });

  test('needs no name, and no layers', async () => {
    const { config } = await makeSource('x', { layers: [] });
    await push('x', `docker-archive:${archive}`);
    const name = `${digestHex(config.descriptor.digest)}.json`;
    expect(
      (await membersOf(await readFile(archive))).map(({ name: each, text }) => [each, text]),
    ).toEqual([
      [name, Buffer.from(config.bytes).toString()],
      ['manifest.json', `[{"Config":"${name}","RepoTags":[],"Layers":[]}]`],
      ['repositories', '{}'],
    ]);
  });

  test('is that of the platform, where the source is a list', async () => {
    const platforms = ['arm64', 'amd64'].map((architecture) => ({ os: 'linux', architecture }));
    const images = await Promise.all(
      platforms.map(async (platform) => ({ layers: [await makeLayer(platform)], platform })),
    );
    const made = await writeOciIndex(join(directory, 'x'), { images });
    await push('x', `docker-archive:${archive}`);
    const config = made.images[1]?.config.descriptor.digest;
    const members = await membersOf(await readFile(archive));
    expect(members.map(({ name }) => `sha256:${name}`)).toContain(`${config}.json`);
  });

  test('goes into an empty file, which keeps its permissions, and through a link', async () => {
    await makeSource('x');
    await writeFile(archive, '');
    await chmod(archive, 0o600);
    await symlink(archive, join(directory, 'link.tar'));
    await push('x', `docker-archive:${join(directory, 'link.tar')}`);
    await imageAt(`docker-archive:${archive}`);
    expect((await stat(archive)).mode & 0o777).toBe(0o600);
  });

  test('goes into a named pipe', async () => {
    await makeSource('x', { compression: 'gzip' });
    await push('x', `docker-archive:${archive}`);
    const pipe = join(directory, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const [read] = await Promise.all([readFile(pipe), push('x', `docker-archive:${pipe}`)]);
    expect(read).toEqual(await readFile(archive));
  });
});

describe('a push that fails', () => {
  async function failing(name: string, context: object = {}): Promise<Error> {
    const pushing = pushLocally(`oci:${join(directory, name)}`, `docker-archive:${archive}`, {
      temporaryDirectory: temporary,
      ...context,
    });
    return thrownBy(pushing);
  }

  test.each([['none'], ['gzip']] as const)(
    'leaves nothing of layers of compression %s',
    async (compression) => {
      const { layers } = await makeSource('x', { compression });
      const hex = digestHex(layers[1]?.descriptor.digest ?? ('' as Digest));
      await writeFile(join(directory, 'x', 'blobs', 'sha256', hex), 'something else');
      expect(await failing('x')).toMatchObject({ origin: 'source' });
      expect(await readdir(join(directory, 'out'))).toEqual([]);
      expect(await readdir(temporary)).toEqual([]);
    },
  );

  test('because it was broken off leaves nothing, and a pipe without a reader', async () => {
    await makeSource('x');
    const pipe = join(directory, 'out', 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const ending = new AbortController();
    const pushing = pushLocally(`oci:${join(directory, 'x')}`, `docker-archive:${pipe}`, {
      temporaryDirectory: temporary,
      signal: ending.signal,
    });
    ending.abort(new OcipushError('ABORTED', 'interrupted'));
    expect(await thrownBy(pushing)).toMatchObject({ code: 'ABORTED' });
    expect(await readdir(join(directory, 'out'))).toEqual(['pipe']);
  });

  test('because there is no room for what is spooled says where', async () => {
    await makeSource('x', { compression: 'gzip' });
    const error = await failing('x', { temporaryDirectory: join(directory, 'nowhere') });
    expect(error).toMatchObject({ code: 'FILE_UNWRITABLE', origin: 'config' });
    expect(await readdir(join(directory, 'out'))).toEqual([]);
  });

  test('because it is killed, wherever it was, leaves the whole archive or none', async () => {
    await makeSource('x', { compression: 'gzip' });
    const args = [`oci:${join(directory, 'x')}`, `docker-archive:${archive}:x`] as const;
    await using process = await preparePushProcess();
    const place = join(directory, 'out');
    let point = 1;
    while (await process.pushUntil(point, ...args)) {
      expect(await readdir(place)).not.toContain('image.tar');
      await push('x', args[1]);
      await imageAt(args[1]);
      expect(await leftovers(place)).toEqual([]);
      await rm(archive);
      point += 1;
    }
    expect(point).toBeGreaterThan(10);
    await imageAt(args[1]);
  }, 120_000);
});

describe('blobs', () => {
  const FIRST = Buffer.alloc(100_000, 'first');
  const SECOND = Buffer.alloc(1000, 'second');

  function upload(bytes: Uint8Array, isKnown: boolean, stream = single(bytes)): BlobUpload {
    const identity = { digest: digestOf(bytes), size: bytes.length };
    return {
      mediaType: DOCKER_LAYER_TAR,
      candidates: [],
      ...(isKnown && { identity }),
      open: () => (isKnown ? { stream, result: () => identity } : measured(stream)),
    };
  }

  async function open(signal = new AbortController().signal): Promise<ImageDestination> {
    const context = makeContext({ temporaryDirectory: temporary, signal });
    const destination = await openBegun(localReference(`docker-archive:${archive}`), context);
    onTestFinished(() => destination[Symbol.asyncDispose]());
    return destination;
  }

  test.each([
    [false, true],
    [true, false],
    [false, false],
  ])('stand in the order in which they came: %s, %s', async (...known) => {
    const destination = await open();
    let resolve = (): void => undefined;
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    async function* late(): ByteStream {
      await promise;
      yield FIRST;
    }
    const storing = [
      destination.putBlob(upload(FIRST, known[0], late())),
      destination.putBlob(upload(SECOND, known[1])),
      destination.putBlob(upload(FIRST, known[1])),
    ];
    resolve();
    const stored = await Promise.all(storing);
    expect(stored.map(({ size, how }) => [size, how])).toEqual([
      [FIRST.length, 'uploaded'],
      [SECOND.length, 'uploaded'],
      [FIRST.length, 'exists'],
    ]);
    const config = Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [] } }));
    const { descriptor } = await putConfig(destination, config);
    const layers = [FIRST, SECOND, FIRST].map((bytes) => ({
      mediaType: DOCKER_LAYER_TAR,
      digest: digestOf(bytes),
      size: bytes.length,
    }));
    const bytes = encodeImageManifest({
      mediaType: DOCKER_MANIFEST,
      namesMediaType: true,
      config: descriptor,
      layers,
    });
    const digest = digestOf(bytes);
    await destination.putManifest({ bytes, mediaType: DOCKER_MANIFEST, digest });
    await destination.commit();
    const members = await membersOf(await readFile(archive));
    expect(members.slice(0, 2).map(({ text }) => text.length)).toEqual([
      FIRST.length,
      SECOND.length,
    ]);
  });

  test('that come after a failure fail, too', async () => {
    const ending = new AbortController();
    const destination = await open(ending.signal);
    const failure = new OcipushError('BLOB_UNKNOWN', 'not there');
    async function* broken(): ByteStream {
      yield FIRST.subarray(0, 10);
      throw failure;
    }
    const storing = [
      destination.putBlob(upload(FIRST, true, broken())),
      destination.putBlob(upload(SECOND, true)),
    ];
    for (const each of storing) await expect(each).rejects.toBe(failure);
    await destination[Symbol.asyncDispose]();
    expect(await readdir(join(directory, 'out'))).toEqual([]);
  });

  test('of which one is broken off leave nothing', async () => {
    const ending = new AbortController();
    const destination = await open(ending.signal);
    async function* endless(): ByteStream {
      for (;;) {
        yield FIRST;
        ending.abort(new OcipushError('ABORTED', 'interrupted'));
      }
    }
    const storing = [
      destination.putBlob({ ...upload(FIRST, false), open: () => measured(endless()) }),
      destination.putBlob(upload(SECOND, true)),
    ];
    for (const each of storing) await expect(each).rejects.toMatchObject({ code: 'ABORTED' });
    await destination[Symbol.asyncDispose]();
    expect(await readdir(join(directory, 'out'))).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  });

  test('of configs must be configs', async () => {
    const destination = await open();
    const putting = putConfig(destination, Buffer.from('{}'));
    expect(await thrownBy(putting)).toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

describe('refuses', () => {
  async function opening(path: string): Promise<Error> {
    const context = makeContext({ temporaryDirectory: temporary });
    return thrownBy(openBegun(localReference(`docker-archive:${path}`), context));
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
    });
  });

  test('a file with anything in it', async () => {
    await writeFile(archive, 'something');
    expect(await opening(archive)).toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: "docker-archive doesn't support modifying existing images",
    });
    expect(await readFile(archive, 'utf8')).toBe('something');
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
