/** Images on their way into an engine and out of it. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { digestHex, type Digest } from '../../../src/image/digest.ts';
import { imageAt } from '../../support/image-state.ts';
import { pushLocally } from '../../support/local-push.ts';
import {
  makeLayer,
  noise,
  writeDockerArchive,
  writeOciLayout,
  type MadeImage,
} from '../../support/make-image.ts';
import { thrownBy } from '../../support/thrown.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { startFakeEngine } from './fake-engine.ts';

let directory = '';
let temporary = '';
let source = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  temporary = join(directory, 'temporary');
  await mkdir(temporary);
  source = `oci:${join(directory, 'image')}`;
});

async function makeSource(compression: 'none' | 'gzip'): Promise<MadeImage> {
  const layers = [await makeLayer({ file: noise(300_000) }), await makeLayer({ top: 'top' })];
  return writeOciLayout(join(directory, 'image'), { layers, compression });
}

async function push(from: string, to: string, host: string): Promise<void> {
  const environment = { DOCKER_HOST: host };
  await pushLocally(from, to, { environment, temporaryDirectory: temporary });
  expect(await readdir(temporary)).toEqual([]);
}

describe('an image goes into an engine', () => {
  test('as the archive that docker-archive: has, when its layers are plain', async () => {
    await makeSource('none');
    const fake = await startFakeEngine();
    const archive = join(directory, 'image.tar');
    await push(source, `docker-archive:${archive}:x:1`, fake.host);
    await push(source, 'docker-daemon:x:1', fake.host);
    expect(fake.requests).toEqual(['HEAD /_ping', 'POST /v1.47/images/load?quiet=1']);
    expect(Buffer.compare(fake.loaded[0] ?? Buffer.alloc(0), await readFile(archive))).toBe(0);
  });

  test('with its layers as they are', async () => {
    const { layers } = await makeSource('gzip');
    const fake = await startFakeEngine();
    await push(source, 'docker-daemon:example.com/x:1', fake.host);
    const archive = join(directory, 'loaded.tar');
    await writeFile(archive, fake.loaded[0] ?? '');
    const text = (fake.loaded[0] ?? Buffer.alloc(0)).toString('latin1');
    const names = layers.map(({ descriptor }) => `${digestHex(descriptor.digest)}.tar`);
    expect(text).toContain(`"RepoTags":["example.com/x:1"],"Layers":${JSON.stringify(names)}`);
    await imageAt(`docker-archive:${archive}:example.com/x:1`);
  });

  test('that may refuse it', async () => {
    await makeSource('gzip');
    const fake = await startFakeEngine({
      load: (request, response) => {
        request.resume().on('end', () => {
          response.end('{"errorDetail":{"message":"no room"},"error":"no room"}');
        });
      },
    });
    expect(await thrownBy(push(source, 'docker-daemon:x:1', fake.host))).toMatchObject({
      code: 'DAEMON_REJECTED',
      origin: 'destination',
      message: 'committing the finished image: docker engine reported: "no room"',
    });
  });

  test('that may refuse it before it has it', async () => {
    await makeSource('gzip');
    const fake = await startFakeEngine({
      load: (_request, response) => void response.writeHead(500).end('{"message":"no room"}'),
    });
    const error = await thrownBy(push(source, 'docker-daemon:x:1', fake.host));
    expect(error).toMatchObject({ code: 'DAEMON_REJECTED', origin: 'destination' });
    expect(error.message).toContain('docker engine reported: "no room"');
  });

  test('or not at all, when a layer is damaged', async () => {
    const { layers } = await makeSource('gzip');
    const hex = digestHex(layers[1]?.descriptor.digest ?? ('' as Digest));
    await writeFile(join(directory, 'image', 'blobs', 'sha256', hex), 'something else');
    const fake = await startFakeEngine();
    const error = await thrownBy(push(source, 'docker-daemon:x:1', fake.host));
    expect(error).toMatchObject({ origin: 'source' });
    await fake.brokenOff;
    expect(fake.loaded).toEqual([]);
  });
});

describe('an image comes out of an engine', () => {
  test.each([['x:1'], [`sha256:${'0'.repeat(64)}`]])('by %s', async (name) => {
    const archive = join(directory, 'saved.tar');
    const layers = [await makeLayer({ a: 'b' })];
    await writeDockerArchive(archive, [{ layers, tags: ['y:1'] }]);
    const bytes = await readFile(archive);
    const fake = await startFakeEngine({ save: (response) => response.end(bytes) });
    const copy = join(directory, 'copy');
    await push(`docker-daemon:${name}`, `dir:${copy}`, fake.host);
    expect(await imageAt(`dir:${copy}`)).toBe(await imageAt(`docker-archive:${archive}`));
  });

  test('unless it is not there', async () => {
    const fake = await startFakeEngine();
    const pushing = push('docker-daemon:x:1', `dir:${join(directory, 'copy')}`, fake.host);
    expect(await thrownBy(pushing)).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      origin: 'source',
      message:
        'initializing source docker-daemon:x:1: loading image from docker engine: ' +
        'docker engine reported: "reference does not exist"',
    });
    expect(await readdir(temporary)).toEqual([]);
  });

  test('unless what comes is no archive', async () => {
    const fake = await startFakeEngine({ save: (response) => response.end('something') });
    const pushing = push('docker-daemon:x:1', `dir:${join(directory, 'copy')}`, fake.host);
    expect(await thrownBy(pushing)).toMatchObject({ code: 'ARCHIVE_INVALID', origin: 'source' });
  });
});
