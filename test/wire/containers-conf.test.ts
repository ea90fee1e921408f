/** What containers.conf wants of a push, and what is said when it makes no sense. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { aftermathOf, CLEAR_FAILURE, failureOf } from '../support/failure.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import type { Run, RunOptions } from '../support/ocipush.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { PASSWORD, USER } from '../support/secrets.ts';

interface PushOptions extends RunOptions {
  readonly source?: string;
}

interface Place {
  /** Pushes with these lines in `[engine]`. */
  readonly push: (engine: string, flags: readonly string[], options?: PushOptions) => Promise<Run>;
}

/** An image in which nothing is compressed. */
async function open(scene: Scene): Promise<Place> {
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const CONTAINERS_CONF = scene.path('x.conf');
  return {
    push: async (engine, flags, { source = 'oci:image', ...options } = {}) => {
      await writeFile(CONTAINERS_CONF, `[engine]\n${engine}\n`);
      const args = ['push', `--digestfile=${scene.path('digest')}`, ...flags];
      const env = { CONTAINERS_CONF, ...options.env };
      return scene.home.run([...args, source, scene.destination], { ...options, env });
    },
  };
}

const PLAIN = '--tls-verify=false';

describe('compression_format', () => {
  test.each([
    ['compression_format = "zstd"', [], /\+zstd$/],
    ['compression_format = "gzip"', [], /\+gzip$/],
    ['compression_format = "zstd"', ['--compression-format=gzip'], /\+gzip$/], // typed flags win
    ['compression_format = "zstd"', ['--format=v2s2'], /\.gzip$/],
    ['', [], /\+gzip$/],
  ])('%s with %j: %s', async (engine, flags, type) => {
    await using scene = await openScene();
    const { push } = await open(scene);
    const run = await push(engine, [PLAIN, ...flags]);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).not.toContain('level=warning');
    const { layers } = JSON.parse(scene.repository.manifest('1')?.bytes.toString() ?? '{}') as {
      layers: readonly { mediaType: string }[];
    };
    expect(layers).toEqual([
      expect.objectContaining({ mediaType: expect.stringMatching(type) as string }),
    ]);
  });

  test('yields to an archive that holds layers uncompressed', async () => {
    await using scene = await openScene();
    await open(scene);
    await writeFile(scene.path('x.conf'), '[engine]\ncompression_format = "zstd"\n');
    const env = { CONTAINERS_CONF: scene.path('x.conf') };
    const args = ['push', 'oci:image', 'docker-archive:app.tar:app:1'];
    expect(await scene.home.run(args, { env })).toMatchObject({ code: 0 });
  });
});

test.each([
  ['retry = 0', [], []],
  ['retry = 2\nretry_delay = "1ms"', [], ['1ms ... (1/2)', '1ms ... (2/2)']],
  ['retry = 2\nretry_delay = "1ms"', ['--retry=1'], ['1ms ... (1/1)']],
  [
    'retry_delay = "1ms"',
    ['--retry-delay=2ms'],
    ['2ms ... (1/3)', '2ms ... (2/3)', '2ms ... (3/3)'],
  ],
])('%j with %j', async (engine, flags, retries) => {
  await using scene = await openScene();
  const { push } = await open(scene);
  await scene.registry[Symbol.asyncDispose]();
  const run = await push(engine, [PLAIN, ...flags]);
  expect(failureOf(run)).toMatchObject({ code: 125 });
  expect(run.stderr.match(/(?<=retrying in ).*?\)/g) ?? []).toEqual(retries);
});

describe('env', () => {
  const BASIC = { kind: 'basic', user: USER, password: PASSWORD } as const;

  test.each([
    ['env = ["REGISTRY_AUTH_FILE=auth.json"]', {}, 0],
    ['env = ["REGISTRY_AUTH_FILE=other.json"]', { REGISTRY_AUTH_FILE: 'auth.json' }, 0],
    ['env = ["REGISTRY_AUTH_FILE=auth.json"]', { REGISTRY_AUTH_FILE: 'other.json' }, 125],
  ])('%s beside %j', async (engine, env, code) => {
    await using scene = await openScene({ auth: BASIC });
    const { push } = await open(scene);
    const entry = { auth: Buffer.from(`${USER}:${PASSWORD}`).toString('base64') };
    const file = { auths: { [scene.registry.host]: entry } };
    await writeFile(scene.path('auth.json'), JSON.stringify(file));
    expect(await push(engine, [PLAIN], { env })).toMatchObject({ code });
  });
});

test('what is no variable in env is skipped, with a warning', async () => {
  await using scene = await openScene();
  const { push } = await open(scene);
  const run = await push('env = ["A", "=b"]', [PLAIN]);
  expect(run.code).toBe(0);
  const warnings = run.stderr.split('\n').filter((line) => line.includes('level=warning'));
  expect(warnings).toEqual([
    expect.stringContaining('invalid environment variable for engine A, valid'),
    expect.stringContaining('invalid environment variable for engine =b, valid'),
  ]);
});

test('image_copy_tmp_dir takes the place of /var/tmp where TMPDIR is not set', async () => {
  await using scene = await openScene();
  const { push } = await open(scene);
  const engine = `image_copy_tmp_dir = "${scene.path('missing')}"`;
  const archive = await scene.home.run(['push', 'oci:image', 'oci-archive:image.tar']);
  expect(archive).toMatchObject({ code: 0 });
  const options = { source: '-', input: await readFile(scene.path('image.tar')) };
  const run = await push(engine, [PLAIN], { ...options, env: { TMPDIR: '' } });
  expect(failureOf(run)).toMatchObject({
    code: 125,
    error: expect.stringContaining(scene.path('missing')) as string,
  });
  expect(await push(engine, [PLAIN], options)).toMatchObject({ code: 0 });
});

test.each([
  [
    'compression_format = "brotli"',
    'line 2, at engine.compression_format: cannot find compressor for "brotli"',
  ],
  ['compression_level = 10', 'line 2, at engine.compression_level: '],
  ['retry_delay = "5"', 'line 2, at engine.retry_delay: time: missing unit in duration "5"'],
  ['retry = "3"', 'line 2, at engine.retry: expected a whole number'],
  [
    'image_copy_tmp_dir = "x"',
    'line 2, at engine.image_copy_tmp_dir: "x": relative paths are not accepted',
  ],
  ['retry = ', 'line 2, column 9, at retry: '],
])('%s is told with its place, before anything is done', async (engine, error) => {
  await using scene = await openScene();
  const { push } = await open(scene);
  const run = await push(engine, [PLAIN], { env: { TMPDIR: '' } });
  const place = `loading configuration "${scene.path('x.conf')}": ${error}`;
  expect(await aftermathOf(scene, run)).toEqual({
    ...CLEAR_FAILURE,
    error: expect.stringContaining(place) as string,
  });
  expect(scene.registry.requests).toEqual([]);
});

test('a key that nobody knows is told once, however many read its file', async () => {
  const auth = { kind: 'basic', user: 'me', password: 'secret' } as const;
  await using scene = await openScene({ auth });
  const { push } = await open(scene);
  const entry = { auth: Buffer.from('me:secret').toString('base64') };
  const file = { auths: { [scene.registry.host]: entry } };
  await writeFile(scene.path('auth.json'), JSON.stringify(file));
  // It is read for the safety of the registry, and for credential helpers.
  await writeFile(scene.path('registries.conf'), '\n[registre]\n');
  const env = { CONTAINERS_REGISTRIES_CONF: scene.path('registries.conf') };
  const run = await push('retri = 1', [PLAIN, `--authfile=${scene.path('auth.json')}`], {
    env,
  });
  expect(run).toMatchObject({ code: 0 });
  const warnings = run.stderr.split('\n').filter((line) => line.includes('level=warning'));
  expect(warnings).toEqual([
    expect.stringContaining('line 2, at engine.retri'),
    expect.stringContaining('line 2, at registre'),
  ]);
});

test('the user is found in the home, and keys of other programs mean nothing', async () => {
  await using scene = await openScene();
  await open(scene);
  await mkdir(scene.path('.config/containers/containers.conf.d'), { recursive: true });
  await writeFile(
    scene.path('.config/containers/containers.conf'),
    '[engine]\ncgroup_manager = "systemd"\n[network]\nx = 1\n',
  );
  await writeFile(
    scene.path('.config/containers/containers.conf.d/a.conf'),
    '[engine]\ncompression_format = "brotli"\n',
  );
  const run = await scene.push('oci:image', [], { env: { CONTAINERS_CONF: '' } });
  expect(failureOf(run).error).toContain(scene.path('.config/containers/containers.conf.d/a.conf'));
});
