/** What a push says where nobody watches: podman's lines on standard error, and what became of blobs. */
import { beforeEach, describe, expect, test } from 'vitest';
import { makeLayer, writeOciIndex, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import { openScene } from '../support/scene.ts';

let layers: readonly Uint8Array[] = [];

beforeEach(async () => {
  const base = await makeLayer({ a: '1' });
  layers = [base, await makeLayer({ b: '2' }), base];
});

/** Blobs go side by side: these lines stand in any order. Times differ from run to run. */
function copying({ layers: blobs, config }: MadeImage): ReadonlySet<string> {
  const names = [
    ...blobs.map(({ descriptor }) => `blob ${descriptor.digest}`),
    `config ${config.descriptor.digest}`,
  ];
  return new Set(names.flatMap((name) => [`Copying ${name}`, `Copied ${name}`]));
}

/** The line without what was counted and measured. */
function unmeasured(text: string): string {
  return text.replace(/: \d+\.\d(?:b|KiB) in .+, \d+\.\d (?:b|KiB|MiB)\/s$/, '');
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
  expect(others).toHaveLength(6); // two lines for each blob, and so for the repeated layer
  expect(new Set(others.map(unmeasured))).toEqual(copying(image));
  expect(run).toMatchObject({ code: 0, stdout: '' });
});

test('an image without signatures, and one that is there already', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [] });
  const { stderr } = await scene.push('oci:image', ['--remove-signatures']);
  expect(linesOf(stderr)).toEqual([
    expect.stringMatching(/^Copying config sha256:[0-9a-f]{64}$/),
    expect.stringMatching(/^Copied config sha256:[0-9a-f]{64}: \d+\.0b in .+\/s$/),
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
  expect(lines.map(unmeasured)).toEqual([
    'Copying 2 images generated from 2 images in list',
    ...made.images.flatMap(({ manifest, config }, index) => [
      `Copying image ${manifest.descriptor.digest} (${index + 1}/2)`,
      `Copying config ${config.descriptor.digest}`,
      `Copied config ${config.descriptor.digest}`,
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

describe('--progress=json', () => {
  function objectsIn(text: string): readonly Readonly<Record<string, unknown>>[] {
    return linesOf(text).map((each) => JSON.parse(each) as Record<string, unknown>);
  }

  test('writes an object a line', async () => {
    await using scene = await openScene();
    const { config } = await writeOciLayout(scene.path('image'), { layers: [] });
    const { stderr } = await scene.push('oci:image', ['--progress=json']);
    const { digest, size } = config.descriptor;
    const stored = { digest, size };
    expect(objectsIn(stderr)).toMatchObject([
      { event: 'reading-signatures', of: 'image' },
      { event: 'blob-total', count: 1, size },
      { event: 'blob-start', role: 'config', digest, size },
      { event: 'blob-done', digest, result: 'uploaded', stored, sent: size },
      { event: 'writing-manifest', of: 'image' },
    ]);
  });

  test('has what went wrong, and the exit code of it', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers: [] });
    await scene.registry[Symbol.asyncDispose]();
    const flags = ['--progress=json', '--retry=1', '--retry-delay=1ms'];
    const { code, stderr } = await scene.push('oci:image', flags);
    expect(code).toBe(125);
    const failure = { code: 'REGISTRY_UNREACHABLE', origin: 'destination' };
    expect(objectsIn(stderr)).toMatchObject([
      { event: 'reading-signatures' },
      { event: 'retry', attempt: 1, of: 1, delayMilliseconds: 1, error: failure },
      { event: 'reading-signatures' },
      { event: 'error', ...failure },
    ]);
  });
});

describe('--log-level', () => {
  test('debug tells of each request, without what is secret in it', async () => {
    const auth = { kind: 'basic', user: 'me', password: 'hunter2' } as const;
    await using scene = await openScene({ auth });
    await writeOciLayout(scene.path('image'), { layers });
    const flags = ['--log-level=debug', '--creds=me:hunter2', '-q'];
    const { code, stderr } = await scene.push('oci:image', flags);
    expect(code).toBe(0);
    const messages = linesOf(stderr).map((each) =>
      /^time=".+" level=debug msg="([A-Z]+) https?:\/\/[^/]+\S+: (.+) after \d+ ms"$/
        .exec(each)
        ?.slice(1),
    );
    const seen = scene.registry.requests.map(({ method }) => method);
    const answered = messages.filter((message) => /^\d+$/.test(message?.[1] ?? ''));
    expect(answered.map((message) => message?.[0] ?? '').toSorted()).toEqual(seen.toSorted());
    expect(stderr).not.toContain('hunter2');
    expect(stderr).not.toContain(Buffer.from('me:hunter2').toString('base64'));
  });

  test('error leaves warnings out', async () => {
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers: [] });
    await scene.registry[Symbol.asyncDispose]();
    const flags = ['--log-level=error', '-q', '--retry=1', '--retry-delay=1ms'];
    const { stderr } = await scene.push('oci:image', flags);
    expect(linesOf(stderr).map((each) => each.split(':')[0])).toEqual(['Error', 'Hint']);
  });
});
