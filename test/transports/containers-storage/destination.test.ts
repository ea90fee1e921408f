import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { beforeEach, describe, expect, test } from 'vitest';
import { digestHex } from '../../../src/image/digest.ts';
import { OcipushError } from '../../../src/errors.ts';
import type { PushResult } from '../../../src/push/options.ts';
import { imageAt } from '../../support/image-state.ts';
import { localReference, openBegun, pushLocally } from '../../support/local-push.ts';
import {
  makeLayer,
  noise,
  writeDir,
  writeOciIndex,
  writeOciLayout,
} from '../../support/make-image.ts';
import { abandonedIn } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeContext } from '../../support/transport-context.ts';
import { makeFakeDelegates, type FakeDelegates } from './fake-delegate.ts';
import { makeStorage } from './make-store.ts';

const NAME = 'containers-storage:localhost/a:1';
const OTHER_ID = 'f'.repeat(64);

let fakes: FakeDelegates;
let source = '';

beforeEach(async () => {
  fakes = await makeFakeDelegates();
  source = join(fakes.directory, 'source');
});

/** Nothing of it is left in the temporary directory, however it ends. */
async function push(from: string, to: string, signal?: AbortSignal): Promise<PushResult> {
  const { environment, temporaryDirectory } = fakes;
  try {
    return await pushLocally(from, to, {
      environment,
      temporaryDirectory,
      ...(signal && { signal }),
    });
  } finally {
    expect(await readdir(temporaryDirectory)).toEqual([]);
  }
}

async function twoLayers(): Promise<readonly Uint8Array[]> {
  return [await makeLayer({ file: noise(300_000) }), await makeLayer({ top: 'top' })];
}

describe('the delegate gets', () => {
  test.each([
    ['oci', 'gzip'],
    ['oci', 'none'],
    ['docker', 'gzip'],
    ['docker', 'none'],
  ] as const)('an image of %s with compression %s as it is', async (format, compression) => {
    await fakes.install('skopeo');
    const layers = await twoLayers();
    const made = await writeDir(source, { layers, compression, format });
    const { digest } = await push(`dir:${source}`, NAME);
    expect(digest).toBe(made.manifest.descriptor.digest);
    const image = join(fakes.directory, 'image');
    expect(await imageAt(`dir:${image}`)).toBe(digest);
    const blobs = [made.config, ...made.layers].map(({ descriptor }) =>
      digestHex(descriptor.digest),
    );
    const names = [...blobs, 'manifest.json', 'version'].toSorted();
    expect((await readdir(image)).toSorted()).toEqual(names);
    const [call] = await fakes.calls();
    expect(call?.at(-1)).toBe(NAME);
  });

  test('one instance of a list', async () => {
    await fakes.install('skopeo');
    const [layer] = await twoLayers();
    const images = ['arm64', 'amd64'].map((architecture) => ({
      layers: [layer ?? Buffer.alloc(0)],
      platform: { os: 'linux', architecture },
    }));
    const made = await writeOciIndex(source, { images });
    const { digest } = await push(`oci:${source}`, NAME);
    expect(digest).toBe(made.images[1]?.manifest.descriptor.digest);
    expect(await imageAt(`dir:${join(fakes.directory, 'image')}`)).toBe(digest);
  });

  test.each([
    ['skopeo', '--policy'],
    ['podman', '--signature-policy'],
  ])('a policy that lets everything pass: %s', async (tool, flag) => {
    const script = `for word; do [ "$before" != ${flag} ] || cp "$word" "$RECORD/policy"; before=$word; done`;
    await fakes.install(tool, script);
    await writeOciLayout(source, { layers: await twoLayers() });
    await push(`oci:${source}`, NAME);
    const policy = await readFile(join(fakes.directory, 'policy'), 'utf8');
    expect(JSON.parse(policy)).toEqual({ default: [{ type: 'insecureAcceptAnything' }] });
  });
});

test('podman pulls the image, then gives it its name', async () => {
  await fakes.install('podman');
  const made = await writeOciLayout(source, { layers: await twoLayers() });
  await push(`oci:${source}`, NAME);
  const id = digestHex(made.config.descriptor.digest);
  expect(await fakes.calls()).toEqual([
    expect.arrayContaining(['podman', 'pull']),
    ['podman', '--remote=false', 'tag', id, 'localhost/a:1'],
  ]);
});

test('one podman works at a time, though several pushes do', async () => {
  await fakes.install(
    'podman',
    'for word; do case $word in pull|tag) echo $word >> "$RECORD/verbs"; esac; done',
  );
  await writeOciLayout(source, { layers: await twoLayers() });
  const { environment, temporaryDirectory } = fakes;
  const options = { environment, temporaryDirectory };
  await Promise.all(
    ['1', '2', '3'].map((tag) =>
      pushLocally(`oci:${source}`, `containers-storage:localhost/a:${tag}`, options),
    ),
  );
  const verbs = await readFile(join(fakes.directory, 'verbs'), 'utf8');
  expect(verbs).toBe('pull\ntag\n'.repeat(3));
});

test('an image that is there already is not written again', async () => {
  await fakes.install('skopeo');
  const storage = await makeStorage();
  const made = await writeOciLayout(source, { layers: [] });
  const { config, manifest } = made;
  await storage.image({
    names: ['localhost/a:1'],
    items: { manifest: manifest.bytes, [config.descriptor.digest]: config.bytes },
  });
  const place = `containers-storage:[overlay@${storage.root}]localhost/a`;
  await push(`oci:${source}`, `${place}:1`);
  expect(await fakes.calls()).toEqual([]);
  await push(`oci:${source}`, `${place}:2`);
  expect(await fakes.calls()).toHaveLength(1);
});

describe('a push fails', () => {
  beforeEach(async () => {
    await writeOciLayout(source, { layers: await twoLayers() });
  });

  test('with what the delegate says', async () => {
    await fakes.install('skopeo', 'echo "level=fatal no space left" >&2; exit 1');
    expect(await thrownBy(push(`oci:${source}`, NAME))).toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
      message: `committing the finished image: copying to ${NAME} with skopeo: level=fatal no space left`,
      hint: expect.any(String),
    });
  });

  test('and nothing gets a name, when the first step does', async () => {
    const script = 'echo "$*" >> "$RECORD/lines"; echo "Error: full" >&2; exit 125';
    await fakes.install('podman', script);
    const { message } = await thrownBy(push(`oci:${source}`, NAME));
    expect(message).toMatch(/with podman: full$/);
    const lines = await readFile(join(fakes.directory, 'lines'), 'utf8');
    expect(lines.trimEnd().split('\n')).toEqual([expect.stringContaining('pull')]);
  });

  test.each([
    [`@${OTHER_ID}`, 'DIGEST_MISMATCH'],
    [`localhost/a:1@${OTHER_ID}`, 'DIGEST_MISMATCH'],
    [`localhost/a@sha256:${OTHER_ID}`, 'DIGEST_MISMATCH'],
    ['@abc', 'REFERENCE_INVALID'],
  ])('when %s is for another image', async (name, code) => {
    await fakes.install('skopeo');
    const error = await thrownBy(push(`oci:${source}`, `containers-storage:${name}`));
    expect(error).toMatchObject({ code, origin: 'usage', hint: expect.any(String) });
    expect(await fakes.calls()).toEqual([]);
  });

  test('when it is interrupted, and ends the delegate', async () => {
    const pipe = fakes.pipe('pipe');
    await fakes.install('skopeo', `exec 3> ${pipe}; echo started >&3; sleep 1000`);
    const interruption = new AbortController();
    const failing = thrownBy(push(`oci:${source}`, NAME, interruption.signal));
    for await (const chunk of createReadStream(pipe, 'utf8')) {
      expect(chunk).toBe('started\n');
      interruption.abort(new OcipushError('ABORTED', 'interrupted'));
    }
    expect(await failing).toMatchObject({ code: 'ABORTED' });
  });
});

describe('opening', () => {
  function opening(given: object = {}): Promise<AsyncDisposable> {
    const { environment, temporaryDirectory } = fakes;
    const context = makeContext({ environment, temporaryDirectory, ...given });
    return openBegun(localReference(NAME), context);
  }

  test('without a delegate fails before anything is written', async () => {
    const error = await thrownBy(opening({ temporaryDirectory: '/nonexistent' }));
    expect(error).toMatchObject({ code: 'UNSUPPORTED', hint: expect.any(String) });
  });

  test('without room for the image fails', async () => {
    await fakes.install('skopeo');
    const temporaryDirectory = '/nonexistent';
    const warn = (): void => undefined;
    expect(await thrownBy(opening({ temporaryDirectory, warn }))).toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'destination',
      message: 'writing to /nonexistent: no such file or directory',
    });
  });

  test('removes what a killed push of this user left', async () => {
    await fakes.install('skopeo');
    const { temporaryDirectory } = fakes;
    await abandonedIn(temporaryDirectory, `ocipush-storage-${process.geteuid?.()}`);
    const other = await abandonedIn(temporaryDirectory, 'ocipush-storage-12345');
    const destination = await opening();
    expect(await readdir(temporaryDirectory)).toHaveLength(2);
    await destination[Symbol.asyncDispose]();
    expect(await readdir(temporaryDirectory)).toEqual([basename(other)]);
  });
});
