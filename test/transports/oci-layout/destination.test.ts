import { EventEmitter, once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { measured, type BlobUpload } from '../../../src/image/blob.ts';
import { digestHex, digestOf, type Digest } from '../../../src/image/digest.ts';
import type { ImageDestination } from '../../../src/transports/transport.ts';
import { imageAt, leftovers } from '../../support/image-state.ts';
import { killEverywhere } from '../../support/kill-points.ts';
import { localReference, openBegun, pushLocally } from '../../support/local-push.ts';
import { makeLayer, noise, writeOciIndex, writeOciLayout } from '../../support/make-image.ts';
import { temporaryDirectory, withoutPermission } from '../../support/scratch.ts';
import { reusing, watched } from '../../support/streams.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeContext } from '../../support/transport-context.ts';

let directory = '';
let layout = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  layout = join(directory, 'layout');
});

/** An image of its own for each name, in a layout of that name. */
async function image(name: string): Promise<{ source: string; digest: Digest }> {
  const layers = [await makeLayer({ file: noise(70_000, name) })];
  const { manifest } = await writeOciLayout(join(directory, name), { layers, compression: 'gzip' });
  return { source: `oci:${join(directory, name)}`, digest: manifest.descriptor.digest };
}

async function open(signal?: AbortSignal): Promise<ImageDestination> {
  const context = makeContext(signal && { signal });
  const destination = await openBegun(localReference(`oci:${layout}:a`), context);
  onTestFinished(() => destination[Symbol.asyncDispose]());
  return destination;
}

function upload(bytes: Uint8Array, candidates: BlobUpload['candidates'] = []): BlobUpload {
  return { mediaType: 'a/b', candidates, open: () => measured(reusing(bytes, [10, 0, 1000])) };
}

function blobFile(digest: Digest): string {
  return join(layout, 'blobs', 'sha256', digestHex(digest));
}

async function entries(): Promise<readonly [digest: string, name: string | undefined][]> {
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  return index.manifests.map(({ digest, annotations = {} }) => [
    digest,
    annotations['org.opencontainers.image.ref.name'],
  ]);
}

describe('putBlob', () => {
  const bytes = noise(5000);
  const digest = digestOf(bytes);

  test('stores a blob under the digest that it turns out to have', async () => {
    const destination = await open();
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    const stored = await destination.putBlob(upload(bytes));
    expect(stored).toEqual({ digest, size: 5000, how: 'uploaded' });
    expect(await readFile(blobFile(digest))).toEqual(bytes);
    expect((await stat(blobFile(digest))).mode & 0o777).toBe(0o644);
    expect((await readdir(layout)).toSorted()).toEqual(['blobs']);
  });

  test('takes what is there already, without a byte', async () => {
    const destination = await open();
    await destination.putBlob(upload(bytes));
    const other = { digest: digestOf(Buffer.from('other')), size: 5 };
    const again = upload(bytes, [other, { digest, size: 5000 }]);
    const stored = await destination.putBlob({ ...again, open: () => expect.unreachable() });
    expect(stored).toEqual({ digest, size: 5000, how: 'exists' });
  });

  test('mends a blob of the wrong size', async () => {
    const destination = await open();
    await destination.putBlob(upload(bytes));
    await truncate(blobFile(digest), 4999);
    const stored = await destination.putBlob(upload(bytes, [{ digest, size: 5000 }]));
    expect(stored.how).toBe('uploaded');
    expect(await readFile(blobFile(digest))).toEqual(bytes);
  });

  test('stores the same blob twice at once', async () => {
    const destination = await open();
    await Promise.all([1, 2, 3].map(() => destination.putBlob(upload(bytes))));
    expect(await readFile(blobFile(digest))).toEqual(bytes);
    expect(await leftovers(layout)).toEqual([]);
  });

  test('leaves nothing when the bytes fail to come, and says why', async () => {
    const destination = await open();
    const failure = new Error('broken');
    const { stream } = watched([bytes], failure);
    const blob: BlobUpload = { ...upload(bytes), open: () => measured(stream) };
    await expect(destination.putBlob(blob)).rejects.toBe(failure);
    expect(await readdir(layout, { recursive: true })).toEqual(['blobs']);
  });

  test('leaves nothing when it is to end', async () => {
    const controller = new AbortController();
    const destination = await open(controller.signal);
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield bytes;
      controller.abort(new Error('enough'));
      yield bytes;
      expect.unreachable();
    }
    const putting = destination.putBlob({ ...upload(bytes), open: () => measured(endless()) });
    await expect(putting).rejects.toThrow('enough');
    expect(await readdir(layout, { recursive: true })).toEqual(['blobs']);
  });

  test('has ended when the destination is closed', async () => {
    const destination = await open();
    const steps = new EventEmitter();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytes;
      const closing = once(steps, 'closing');
      steps.emit('begun');
      await closing;
      yield bytes;
    }
    const begun = once(steps, 'begun');
    const putting = thrownBy(
      destination.putBlob({ ...upload(bytes), open: () => measured(slow()) }),
    );
    await begun;
    const closed = destination[Symbol.asyncDispose]();
    steps.emit('closing');
    await closed;
    expect(await readdir(layout, { recursive: true })).toEqual(['blobs']);
    expect(await putting).toMatchObject({ code: 'ABORTED' });
    expect(await thrownBy(destination.putBlob(upload(bytes)))).toMatchObject({ code: 'ABORTED' });
  });
});

describe('a push', () => {
  test('makes a layout, entry by entry', async () => {
    const [x, y] = [await image('x'), await image('y')];
    await pushLocally(x.source, `oci:${layout}:a`);
    expect(await readFile(join(layout, 'oci-layout'), 'utf8')).toBe(
      '{"imageLayoutVersion":"1.0.0"}',
    );
    expect(await entries()).toEqual([[x.digest, 'a']]);
    await pushLocally(y.source, `oci:${layout}:a`);
    expect(await entries()).toEqual([
      [x.digest, undefined],
      [y.digest, 'a'],
    ]);
    await pushLocally(x.source, `oci:${layout}:b`);
    expect(await entries()).toEqual([
      [x.digest, 'b'],
      [y.digest, 'a'],
    ]);
    expect(await imageAt(`oci:${layout}:a`)).toBe(y.digest);
    expect(await leftovers(layout)).toEqual([]);
  });

  test('of a list gives it one entry', async () => {
    const layers = [await makeLayer({ file: 'x' })];
    const { index } = await writeOciIndex(join(directory, 'list'), {
      images: [{ layers }, { layers, platform: { os: 'linux', architecture: 'arm64' } }],
    });
    await pushLocally(`oci:${join(directory, 'list')}`, `oci:${layout}:a`);
    const [[digest, name] = [], ...others] = await entries();
    expect([name, others]).toEqual(['a', []]);
    expect(await imageAt(`oci:${layout}:a`)).toBe(digest);
    // Plain layers were compressed on the way.
    expect(digest).not.toBe(index.descriptor.digest);
  });

  test('gives an image a second name in the same layout', async () => {
    const x = await image('x');
    const { blobs } = await pushLocally(x.source, `${x.source}:b`);
    expect(blobs.map(({ how }) => how)).toEqual(['exists', 'exists']);
    expect(await imageAt(`${x.source}:b`)).toBe(x.digest);
  });

  test('that fails leaves the layout as it was', async () => {
    const [x, y] = [await image('x'), await image('y')];
    await pushLocally(x.source, `oci:${layout}:a`);
    const before = await readFile(join(layout, 'index.json'));
    const [blob = ''] = (await readdir(join(directory, 'y', 'blobs', 'sha256'))).filter(
      (name) => name !== digestHex(y.digest),
    );
    await truncate(join(directory, 'y', 'blobs', 'sha256', blob), 100);
    expect(await thrownBy(pushLocally(y.source, `oci:${layout}:a`))).toMatchObject({
      origin: 'source',
    });
    expect(await readFile(join(layout, 'index.json'))).toEqual(before);
    expect(await leftovers(layout)).toEqual([]);
  });

  test('that is killed, wherever it was, leaves the old image or the new one', async () => {
    const [x, y] = [await image('x'), await image('y')];
    const found = await killEverywhere(directory, {
      old: x.source,
      new: y.source,
      place: (root) => `oci:${join(root, 'layout')}:a`,
    });
    expect(new Set(found)).toEqual(new Set([x.digest, y.digest]));
    expect(found).toEqual(
      found.toSorted((a, b) => Number(a === y.digest) - Number(b === y.digest)),
    );
  }, 120_000);
});

describe('currentDigest', () => {
  async function currentOf(reference: string): Promise<Digest | undefined> {
    await using destination = await openBegun(localReference(reference));
    return await destination.currentDigest();
  }

  test('is that of the name', async () => {
    const [x, y] = [await image('x'), await image('y')];
    await pushLocally(x.source, `oci:${layout}:a`);
    await pushLocally(y.source, `oci:${layout}:b`);
    expect(await currentOf(`oci:${layout}:a`)).toBe(x.digest);
    expect(await currentOf(`oci:${layout}:b`)).toBe(y.digest);
    expect(await currentOf(`oci:${layout}:c`)).toBeUndefined();
    expect(await currentOf(`oci:${layout}`)).toBeUndefined();
  });

  test('without a name is that of a sole image without one', async () => {
    const x = await image('x');
    expect(await currentOf(`oci:${layout}`)).toBeUndefined();
    await pushLocally(x.source, `oci:${layout}`);
    expect(await currentOf(`oci:${layout}`)).toBe(x.digest);
    await rm(layout, { recursive: true });
    await pushLocally(x.source, `oci:${layout}:a`);
    expect(await currentOf(`oci:${layout}`)).toBeUndefined();
  });

  test('is unknown when anything of the image is missing or cut short', async () => {
    const x = await image('x');
    await pushLocally(x.source, `oci:${layout}:a`);
    for (const name of await readdir(join(layout, 'blobs', 'sha256'))) {
      const path = join(layout, 'blobs', 'sha256', name);
      await truncate(path, (await stat(path)).size - 1);
      expect(await currentOf(`oci:${layout}:a`)).toBeUndefined();
      await pushLocally(x.source, `oci:${layout}:a`);
      expect(await currentOf(`oci:${layout}:a`)).toBe(x.digest);
      await rm(path);
      expect(await currentOf(`oci:${layout}:a`)).toBeUndefined();
      await pushLocally(x.source, `oci:${layout}:a`);
    }
    expect(await entries()).toEqual([[x.digest, 'a']]);
  });
});

describe('refuses', () => {
  test('an index as destination', async () => {
    const opening = localReference(`oci:${layout}:@0`).openDestination(makeContext());
    expect(await thrownBy(opening)).toMatchObject({
      code: 'REFERENCE_INVALID',
      message: 'Destination reference must not contain a manifest index @0',
      origin: 'usage',
    });
  });

  test.each([
    ['missing/layout', 'lstat DIRECTORY/missing: no such file or directory'],
    ['regular/layout', 'mkdir DIRECTORY/regular/layout: not a directory'],
    ['regular', 'writing to DIRECTORY/regular: not a directory'],
    ['loop', 'writing to DIRECTORY/loop: too many symbolic links encountered'],
  ])('%s', async (name, message) => {
    await writeFile(join(directory, 'regular'), '');
    await symlink('loop', join(directory, 'loop'));
    const reference = localReference(`oci:${join(directory, name)}:a`);
    expect(await thrownBy(openBegun(reference))).toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
      message: message.replace('DIRECTORY', directory),
      hint: expect.any(String),
    });
  });

  test('a layout that may not be written to', async () => {
    await mkdir(layout);
    const error = await withoutPermission(layout, () => thrownBy(open()));
    expect(error).toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
      hint: expect.any(String),
    });
    expect(await readdir(layout)).toEqual([]);
  });

  test('to write over an index that it cannot read', async () => {
    const x = await image('x');
    await mkdir(layout);
    await writeFile(join(layout, 'index.json'), '{"schemaVersion":2,"manifests":"none"}');
    const error = await thrownBy(pushLocally(x.source, `oci:${layout}:a`));
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID', origin: 'destination' });
    expect(await readFile(join(layout, 'index.json'), 'utf8')).toContain('none');
  });
});
