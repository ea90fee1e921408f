/** How a command starts: no module is loaded that it does not need, and it has failed until it is done. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { curvePair } from '../support/key-pairs.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { makeHome } from '../support/ocipush.ts';
import { openScene } from '../support/scene.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const DIST = join(ROOT, 'dist');

/** The environment in which Node notes every script that it runs, in files of this directory. */
function noting(directory: string): { readonly env: Readonly<Record<string, string>> } {
  return { env: { NODE_V8_COVERAGE: directory } };
}

/** The sources, as `src/…` and `node_modules/…`, of which the files that were run are made. */
async function sourcesRun(directory: string): Promise<readonly string[]> {
  const sources: string[] = [];
  for (const report of await readdir(directory)) {
    const { result } = JSON.parse(await readFile(join(directory, report), 'utf8')) as {
      readonly result: readonly { readonly url: string }[];
    };
    const files = result.map(({ url }) => (url.startsWith('file:') ? fileURLToPath(url) : ''));
    sources.push(...(await sourcesOf(files)));
  }
  return sources;
}

async function sourcesOf(files: readonly string[]): Promise<readonly string[]> {
  const sources: string[] = [];
  for (const file of files.filter((path) => path.startsWith(DIST))) {
    // What passes on the names of others has no source of its own.
    if (!existsSync(`${file}.map`)) continue;
    const map = JSON.parse(await readFile(`${file}.map`, 'utf8')) as {
      readonly sources: readonly string[];
    };
    sources.push(...map.sources.map((source) => source.replace(/^(?:\.\.\/)+/, '')));
  }
  return sources;
}

async function packagesRun(directory: string): Promise<ReadonlySet<string>> {
  const names = (await sourcesRun(directory)).map(
    (source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(source)?.[1],
  );
  return new Set(names.filter((name) => name !== undefined));
}

test('the version is that of the package', async () => {
  await using home = await makeHome();
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const stdout = `ocipush version ${version}\n`;
  for (const flag of ['--version', '-v']) {
    expect(await home.run([flag])).toEqual({ code: 0, stdout, stderr: '' });
  }
});

test('a command that nothing is heard of any more has failed', async () => {
  await using home = await makeHome();
  const silence = 'import fs from "node:fs/promises"; fs.lstat = () => new Promise(() => {});';
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(silence)}`;
  const run = await home.run(['push', 'oci:image', 'oci:copy'], { env: { NODE_OPTIONS } });
  expect(run).toEqual({ code: 125, stdout: '', stderr: '' });
});

test('the version alone loads nothing else', async () => {
  await using home = await makeHome();
  const directory = join(home.path, 'coverage');
  expect(await home.run(['--version'], noting(directory))).toMatchObject({ code: 0, stderr: '' });
  expect(await packagesRun(directory)).toEqual(new Set());
  const program = /^src\/(?:cli\/program\.ts|push|transports|transforms)/;
  expect((await sourcesRun(directory)).filter((path) => program.test(path))).toEqual([]);
});

test.each([['--help'], ['push', '--help'], ['login', '--help'], ['completion', 'bash']])(
  '%s %s loads the program alone',
  async (...args) => {
    await using home = await makeHome();
    const directory = join(home.path, 'coverage');
    expect(await home.run(args, noting(directory))).toMatchObject({ code: 0, stderr: '' });
    expect(await packagesRun(directory)).toEqual(new Set(['commander']));
    const others = /(?:push|login|logout)-command\.ts$|^src\/transports\//;
    expect((await sourcesRun(directory)).filter((path) => others.test(path))).toEqual([]);
  },
);

test('a push loads what its source and destination need', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const directory = scene.path('coverage');
  expect(await scene.push('oci:image', [], noting(directory))).toMatchObject({ code: 0 });
  expect(await packagesRun(directory)).toEqual(new Set(['commander', 'smol-toml', 'undici']));
  const sources = await sourcesRun(directory);
  expect(sources).toContain('src/transports/oci-layout/source.ts');
  expect(sources.filter((source) => /docker-archive|cli\/creds|render\/tty/.test(source))).toEqual(
    [],
  );
});

test('a push connects before it loads what speaks HTTP, and what reads and plans', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(`
    import { writeFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import { Socket } from 'node:net';
    const { connect } = Socket.prototype;
    Socket.prototype.connect = function (...args) {
      Socket.prototype.connect = connect;
      writeFileSync('loaded', JSON.stringify(Object.keys(createRequire('/').cache)));
      return connect.apply(this, args);
    };
  `)}`;
  expect(await scene.push('oci:image', [], { env: { NODE_OPTIONS } })).toMatchObject({ code: 0 });
  const files = JSON.parse(await readFile(scene.path('loaded'), 'utf8')) as readonly string[];
  const sources = await sourcesOf(files);
  expect(sources).toContain('src/registry/head-start.ts');
  const late = /undici|^src\/(?:transforms\/gzip\.ts|push\/attempt|transports\/oci-layout\/source)/;
  expect(sources.filter((source) => late.test(source))).toEqual([]);
});

test('a push that reaches no registry loads no HTTP client', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const directory = scene.path('coverage');
  const run = await scene.home.run(['push', 'oci:image', 'oci:copy'], noting(directory));
  expect(run).toMatchObject({ code: 0 });
  expect(await packagesRun(directory)).toEqual(new Set(['commander', 'smol-toml']));
});

test('a push that encrypts loads what its keys need', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const { publicKey } = curvePair('P-256');
  await writeFile(scene.path('key'), publicKey.export({ format: 'pem', type: 'spki' }));
  const directory = scene.path('coverage');
  const args = ['push', '--encryption-key=jwe:key', 'oci:image', 'oci:copy'];
  expect(await scene.home.run(args, noting(directory))).toMatchObject({ code: 0 });
  expect(await packagesRun(directory)).toEqual(new Set(['commander', 'jose', 'smol-toml']));
});
