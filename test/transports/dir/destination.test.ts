import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { digestHex, type Digest } from '../../../src/image/digest.ts';
import { imageAt, leftovers } from '../../support/image-state.ts';
import { killEverywhere } from '../../support/kill-points.ts';
import { localReference, openBegun, pushLocally } from '../../support/local-push.ts';
import {
  makeLayer,
  noise,
  writeOciIndex,
  writeOciLayout,
  type MadeImage,
} from '../../support/make-image.ts';
import { temporaryDirectory, withoutPermission } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeContext } from '../../support/transport-context.ts';

const VERSION = 'Directory Transport Version: 1.1\n';

let directory = '';
let place = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  place = join(directory, 'place');
});

interface Sample {
  readonly source: string;
  readonly digest: Digest;
  /** Names that a directory with the image has. */
  readonly files: readonly string[];
}

/** An image with a layer of its own for each name, and one that all have. */
async function image(name: string): Promise<Sample> {
  const layers = await Promise.all([
    makeLayer({ file: noise(50_000, name) }),
    makeLayer({ file: 'base' }),
  ]);
  const made = await writeOciLayout(join(directory, name), { layers });
  const source = `oci:${join(directory, name)}`;
  const files = [...blobNames(made), 'manifest.json', 'version'].toSorted();
  return { source, digest: made.manifest.descriptor.digest, files };
}

function blobNames({ config, layers }: MadeImage): readonly string[] {
  return [config, ...layers].map(({ descriptor }) => digestHex(descriptor.digest));
}

async function listing(): Promise<readonly string[]> {
  return (await readdir(place)).toSorted();
}

describe('a push', () => {
  test('makes a directory, and leaves layers as they are', async () => {
    const x = await image('x');
    const { digest } = await pushLocally(x.source, `dir:${place}`);
    expect(digest).toBe(x.digest);
    expect(await listing()).toEqual(x.files);
    expect(await readFile(join(place, 'version'), 'latin1')).toBe(VERSION);
    const modes = await Promise.all(x.files.map(async (name) => stat(join(place, name))));
    expect(new Set(modes.map(({ mode }) => mode & 0o777))).toEqual(new Set([0o644]));
    expect(await imageAt(`dir:${place}`)).toBe(x.digest);
  });

  test('of a list writes its instances beside it', async () => {
    const images = await Promise.all(
      ['amd64', 'arm64'].map(async (architecture) => ({
        layers: [await makeLayer({ file: architecture })],
        platform: { os: 'linux', architecture },
      })),
    );
    const made = await writeOciIndex(join(directory, 'list'), { images });
    await pushLocally(`oci:${join(directory, 'list')}`, `dir:${place}`);
    expect(await imageAt(`dir:${place}`)).toBe(made.index.descriptor.digest);
    const instances = made.images.map(
      ({ manifest }) => `${digestHex(manifest.descriptor.digest)}.manifest.json`,
    );
    const blobs = made.images.flatMap(blobNames);
    const files = [...instances, ...blobs, 'manifest.json', 'version'].toSorted();
    expect(await listing()).toEqual(files);
  });

  test('replaces an image, its signatures and instances, and nothing else', async () => {
    const [x, y] = [await image('x'), await image('y')];
    await pushLocally(x.source, `dir:${place}`);
    const hex = 'ab'.repeat(32);
    const old = ['signature-1', 'signature-12', `${hex}.signature-1`, `${hex}.manifest.json`, hex];
    const others = ['README', 'signature-0', `${hex}.txt`, hex.slice(1)];
    for (const name of [...old, ...others]) await writeFile(join(place, name), '');
    const { blobs } = await pushLocally(y.source, `dir:${place}`);
    expect(blobs.map(({ how }) => how).toSorted()).toEqual(['exists', 'uploaded', 'uploaded']);
    expect(await listing()).toEqual([...y.files, ...others].toSorted());
    expect(await imageAt(`dir:${place}`)).toBe(y.digest);
  });

  test('that fails leaves the old image', async () => {
    const [x, y] = [await image('x'), await image('y')];
    await pushLocally(x.source, `dir:${place}`);
    const blob = y.files.find((name) => name.length === 64 && !x.files.includes(name)) ?? '';
    await truncate(join(directory, 'y', 'blobs', 'sha256', blob), 100);
    expect(await thrownBy(pushLocally(y.source, `dir:${place}`))).toMatchObject({
      origin: 'source',
    });
    expect(await imageAt(`dir:${place}`)).toBe(x.digest);
    expect(await leftovers(place)).toEqual([]);
  });

  test('asks to be repeated when another took its files away', async () => {
    const x = await image('x');
    await using source = await localReference(x.source).openSource(makeContext());
    await using destination = await openBegun(localReference(`dir:${place}`));
    const manifest = await source.getManifest();
    const blob = { digest: manifest.digest, size: manifest.bytes.length };
    await writeFile(join(place, digestHex(blob.digest)), manifest.bytes);
    const upload = { mediaType: 'a/b', candidates: [blob], open: () => expect.unreachable() };
    expect(await destination.putBlob(upload)).toMatchObject({ how: 'exists' });
    await destination.putManifest(manifest);
    await rm(join(place, digestHex(blob.digest)));
    expect(await thrownBy(destination.commit())).toMatchObject({
      code: 'FILE_UNWRITABLE',
      retryable: true,
    });
    expect(await listing()).toEqual(['version']);
  });

  test.each([[true], [false]])(
    'that is killed, wherever it was, leaves the old image or the new one; none before: %s',
    async (startsEmpty) => {
      const [x, y] = [await image('x'), await image('y')];
      const before = startsEmpty ? 'none' : x.digest;
      const found = await killEverywhere(directory, {
        old: x.source,
        new: y.source,
        startsEmpty,
        place: (root) => `dir:${join(root, 'place')}`,
      });
      expect(new Set(found)).toEqual(new Set([before, y.digest]));
      expect(found.lastIndexOf(before)).toBeLessThan(found.indexOf(y.digest));
    },
    120_000,
  );
});

describe('currentDigest', () => {
  async function current(): Promise<Digest | undefined> {
    await using destination = await openBegun(localReference(`dir:${place}`));
    return await destination.currentDigest();
  }

  test('is that of a whole image', async () => {
    const x = await image('x');
    expect(await current()).toBeUndefined();
    await pushLocally(x.source, `dir:${place}`);
    expect(await current()).toBe(x.digest);
    for (const name of x.files.filter((file) => file !== 'version')) {
      await rm(join(place, name));
      expect(await current()).toBeUndefined();
      await pushLocally(x.source, `dir:${place}`);
      expect(await current()).toBe(x.digest);
    }
  });
});

describe('opening', () => {
  async function opening(files: Readonly<Record<string, string>>): Promise<void> {
    await mkdir(place);
    for (const [name, text] of Object.entries(files)) await writeFile(join(place, name), text);
    const reference = localReference(`dir:${place}`);
    await using _ = await openBegun(reference);
  }

  test.each<Readonly<Record<string, string>>>([
    {},
    { version: VERSION },
    { version: VERSION, other: '' },
    { 'dir-put-blob.0-0-0-0.tmp': '' },
  ])('takes %j', async (files) => {
    await opening(files);
    expect(await readFile(join(place, 'version'), 'latin1')).toBe(VERSION);
    expect(await readdir(place)).toEqual(expect.arrayContaining(Object.keys(files)));
  });

  test.each<Readonly<Record<string, string>>>([
    { other: '' },
    { 'manifest.json': '{}' },
    { version: '' },
    { version: VERSION.trimEnd() },
    { version: `${VERSION}\n` },
    { version: 'Directory Transport Version: 2.0\n' },
  ])('refuses %j', async (files) => {
    expect(await thrownBy(opening(files))).toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: "not a containers image directory, don't want to overwrite important data",
    });
    expect(await readdir(place)).toEqual(Object.keys(files));
  });

  test.each([
    ['missing/place', 'lstat DIRECTORY/missing: no such file or directory'],
    ['regular', 'opening DIRECTORY/regular: not a directory'],
  ])('refuses %s', async (name, message) => {
    await writeFile(join(directory, 'regular'), '');
    const reference = localReference(`dir:${join(directory, name)}`);
    expect(await thrownBy(openBegun(reference))).toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
      message: message.replace('DIRECTORY', directory),
    });
  });

  test('refuses what may not be entered', async () => {
    await mkdir(place);
    const error = await withoutPermission(place, () =>
      thrownBy(openBegun(localReference(`dir:${place}`))),
    );
    expect(error).toMatchObject({ code: 'FILE_UNWRITABLE', hint: expect.any(String) });
  });
});
