/** What a push says where nobody watches: podman's lines on standard error, and no more. */
import { beforeEach, describe, expect, test } from 'vitest';
import { makeLayer, writeOciIndex, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import { openScene } from '../support/scene.ts';

let layers: readonly Uint8Array[] = [];

beforeEach(async () => {
  const base = await makeLayer({ a: '1' });
  layers = [base, await makeLayer({ b: '2' }), base];
});

/** Blobs go side by side: these lines stand in any order. */
function copying({ layers: blobs, config }: MadeImage): ReadonlySet<string> {
  return new Set([
    ...blobs.map(({ descriptor }) => `Copying blob ${descriptor.digest}`),
    `Copying config ${config.descriptor.digest}`,
  ]);
}

function linesOf(text: string): readonly string[] {
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

test('an image', async () => {
  await using scene = await openScene();
  const image = await writeOciLayout(scene.path('image'), { layers });
  const run = await scene.push('oci:image');
  const [first, ...others] = linesOf(run.stderr);
  expect(first).toBe('Getting image source signatures');
  expect(others.pop()).toBe('Writing manifest to image destination');
  expect(others).toHaveLength(3); // a line for each blob, and so one for the repeated layer
  expect(new Set(others)).toEqual(copying(image));
  expect(run).toMatchObject({ code: 0, stdout: '' });
});

test('an image without signatures, and one that is there already', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [] });
  const { stderr } = await scene.push('oci:image', ['--remove-signatures']);
  expect(linesOf(stderr)).toEqual([
    expect.stringMatching(/^Copying config sha256:[0-9a-f]{64}$/),
    'Writing manifest to image destination',
  ]);
  expect(linesOf((await scene.push('oci:image')).stderr)).toEqual([
    'Getting image source signatures',
    'Skipping: image already present at destination',
  ]);
});

test('a list', async () => {
  await using scene = await openScene();
  const platform = { architecture: 'arm64', os: 'linux' };
  const images = [{ layers: [] }, { layers: [], platform }];
  const made = await writeOciIndex(scene.path('image'), { images });
  const { stderr } = await scene.push('oci:image');
  const lines = linesOf(stderr).filter((line) => !line.startsWith('Getting image'));
  expect(lines).toEqual([
    'Copying 2 images generated from 2 images in list',
    ...made.images.flatMap(({ manifest, config }, index) => [
      `Copying image ${manifest.descriptor.digest} (${index + 1}/2)`,
      `Copying config ${config.descriptor.digest}`,
      'Writing manifest to image destination',
    ]),
    'Writing manifest list to image destination',
  ]);
});

describe('--quiet', () => {
  test.each(['-q', '--quiet', '--quiet=true'])('%s prints nothing', async (flag) => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers });
    expect(await scene.push('oci:image', [flag])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await scene.digestFile()).toHaveLength(71);
  });

  test('leaves warnings and the error', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers: [] });
    await scene.registry[Symbol.asyncDispose]();
    const flags = ['-q', '--retry=1', '--retry-delay=1ms'];
    const { code, stderr } = await scene.push('oci:image', flags);
    expect(code).toBe(125);
    expect(linesOf(stderr)).toEqual([
      expect.stringMatching(
        /^time="20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=warning msg="Failed, retrying in 1ms \.\.\. \(1\/1\)\. Error: .+"$/,
      ),
      expect.stringMatching(/^Error: /),
      expect.stringMatching(/^Hint: /),
    ]);
  });
});

test('nothing is drawn for a terminal that is none, whatever the environment says', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers });
  const env = { TERM: 'xterm-256color', COLORTERM: 'truecolor', FORCE_COLOR: '3', COLUMNS: '80' };
  const { stderr } = await scene.push('oci:image', [], { env });
  expect(stderr).not.toMatch(/[^\x20-\x7e\n]/);
});
