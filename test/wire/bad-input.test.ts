/** Images that are not there or not to be read, and registries out of reach: one clear error each. */
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { aftermathOf, CLEAR_FAILURE } from '../support/failure.ts';
import {
  makeLayer,
  noise,
  writeDir,
  writeDockerArchive,
  writeOciArchive,
  writeOciLayout,
} from '../support/make-image.ts';
import { openScene, type Scene } from '../support/scene.ts';

let layers: readonly Uint8Array[] = [];

beforeAll(async () => {
  layers = [await makeLayer({ a: '1' }), await makeLayer({ noise: noise(300_000) })];
});

/** Writes something at `image`; may answer with what stands on standard input. */
type Write = (scene: Scene) => Promise<Uint8Array | void>;

describe('an image that cannot be read', () => {
  const nothing: Write = async () => undefined;
  const directory: Write = ({ path }) => mkdir(path('image'));
  const text: Write = ({ path }) => writeFile(path('image'), 'no image'.repeat(200));
  const empty: Write = ({ path }) => writeFile(path('image'), '');
  const layout: Write = async ({ path }) => {
    await writeOciLayout(path('image'), { layers, tag: '1.0' });
  };
  const ociArchive: Write = async ({ path }) => {
    await writeOciArchive(path('image'), { layers, tag: '1.0' });
  };
  const dockerArchive: Write = async ({ path }) => {
    await writeDockerArchive(path('image'), [{ layers, tags: ['example.com/x:1'] }]);
  };
  const twoInLayout: Write = async (scene) => {
    await layout(scene);
    await writeOciLayout(scene.path('image'), { layers: [], tag: '2.0' });
  };
  const twoInArchive: Write = async ({ path }) => {
    await writeDockerArchive(path('image'), [{ layers }, { layers: [] }]);
  };
  /** Of either kind: ends in the middle of a member. */
  const cut =
    (write: Write): Write =>
    async (scene) => {
      await write(scene);
      await truncate(scene.path('image'), 150_000);
    };
  const compressed =
    (write: Write, change: (bytes: Buffer) => Uint8Array): Write =>
    async (scene) => {
      await write(scene);
      const bytes = change(gzipSync(await readFile(scene.path('image'))));
      await writeFile(scene.path('image'), bytes);
      return bytes;
    };
  const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);
  const damaged = (bytes: Buffer): Buffer => {
    bytes.fill(0xff, 100_000, 100_100);
    return bytes;
  };
  const spoiltHeader: Write = async (scene) => {
    await ociArchive(scene);
    const bytes = await readFile(scene.path('image'));
    bytes.fill(0x20, 100, 140);
    await writeFile(scene.path('image'), bytes);
  };

  test.each<readonly [source: string, what: string, write: Write]>([
    ['oci:image', 'that is not there', nothing],
    ['dir:image', 'that is not there', nothing],
    ['oci-archive:image', 'that is not there', nothing],
    ['docker-archive:image', 'that is not there', nothing],
    ['./image', 'that is not there', nothing],
    ['./image', 'that is an empty directory', directory],
    ['oci:image', 'that is an empty directory', directory],
    ['dir:image', 'that is an empty directory', directory],
    ['oci-archive:image', 'that is a directory', directory],
    ['docker-archive:image', 'that is a directory', directory],
    ['oci:image', 'that is a file', text],
    ['dir:image', 'that is a file', text],
    ['oci-archive:image', 'that is text', text],
    ['docker-archive:image', 'that is text', text],
    ['./image', 'that is text', text],
    ['./image', 'that is empty', empty],
    ['-', 'that is empty', nothing],
    ['oci-archive:image', 'that was cut off', cut(ociArchive)],
    ['docker-archive:image', 'that was cut off', cut(dockerArchive)],
    ['./image', 'that was cut off', cut(ociArchive)],
    ['oci-archive:image', 'with a spoilt header', spoiltHeader],
    ['oci-archive:image', 'whose compression was cut off', compressed(ociArchive, half)],
    ['./image', 'whose compression is damaged', compressed(dockerArchive, damaged)],
    ['-', 'whose compression was cut off', compressed(dockerArchive, half)],
    ['oci:image:2.0', 'of an unknown name', layout],
    ['oci:image:@1', 'beyond the last', layout],
    ['oci-archive:image:2.0', 'of an unknown name', ociArchive],
    ['docker-archive:image:example.com/x:2', 'of an unknown name', dockerArchive],
    ['docker-archive:image:@1', 'beyond the last', dockerArchive],
    ['oci:image', 'that is one of several', twoInLayout],
    ['./image', 'that is one of several', twoInArchive],
  ])('%s %s', async (source, _, write) => {
    await using scene = await openScene();
    const input = await write(scene);
    expect(await aftermathOf(scene, await scene.push(source, [], input ? { input } : {}))).toEqual(
      CLEAR_FAILURE,
    );
    expect(scene.registry.requests).toEqual([]);
  });
});

describe('a registry', () => {
  test('on which nobody listens', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers });
    await scene.registry[Symbol.asyncDispose]();
    expect(await aftermathOf(scene, await scene.push('oci:image'))).toEqual(CLEAR_FAILURE);
  });

  test('of an unknown name', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers });
    const name = 'registry.invalid/x'; // RFC 6761: nobody has this name
    expect(
      await aftermathOf(scene, await scene.home.run(['push', '--retry=0', 'oci:image', name])),
    ).toEqual(CLEAR_FAILURE);
  });
});

test('an image that has another digest than its destination', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers });
  const destination = `${scene.registry.host}/team/app@sha256:${'1'.repeat(64)}`;
  const args = ['push', '--tls-verify=false', '--digestfile=digest', 'oci:image', destination];
  expect(await aftermathOf(scene, await scene.home.run(args))).toEqual(CLEAR_FAILURE);
});

test('signatures that are none', async () => {
  await using scene = await openScene();
  await writeDir(scene.path('image'), { layers });
  await writeFile(scene.path('image/signature-1'), 'signature');
  expect(await aftermathOf(scene, await scene.push('dir:image'))).toEqual(CLEAR_FAILURE);
  expect(await scene.push('dir:image', ['--remove-signatures'])).toMatchObject({ code: 0 });
});
