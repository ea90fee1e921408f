/** The package as it is published: installed in an empty folder, its commands and its library run. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeOciIndex, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import { makeHome, type Home } from '../support/ocipush.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';

/** What is looked at of a CycloneDX bill of materials. */
interface Bill {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly hashes: readonly { readonly alg: string; readonly content: string }[];
    readonly licenses: readonly {
      readonly license?: { readonly id: string };
      readonly expression?: string;
    }[];
    readonly properties: readonly { readonly name: string; readonly value: string }[];
  }[];
}

interface SourceMap {
  readonly sources: readonly string[];
}

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly license?: string; integrity?: string }>
  >;
}

const ROOT = join(import.meta.dirname, '..', '..');

const execute = promisify(execFile);

describe('the package', () => {
  let home: Home;
  let registry: Registry;
  let image: MadeImage;

  /** Runs in the folder where the package is installed. */
  const run = async (program: string, ...args: readonly string[]): Promise<string> => {
    const env = { PATH: process.env['PATH'], HOME: home.path, TMPDIR: home.path };
    const { stdout } = await execute(program, args, { cwd: home.path, env });
    return stdout;
  };
  /** What the installed package has at a path of its own. */
  const inside = (...path: readonly string[]): Promise<string> =>
    readFile(join(home.path, 'node_modules', 'ocipush', ...path), 'utf8');
  /** Told by the source maps, to which no package gets but by its code. */
  const packagesInBundle = async (): Promise<ReadonlySet<string>> => {
    const dist = join(home.path, 'node_modules', 'ocipush', 'dist');
    const maps = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.map'));
    const sources = maps.map(async (name) => {
      const map = JSON.parse(await readFile(join(dist, name), 'utf8')) as SourceMap;
      return map.sources;
    });
    return new Set(
      (await Promise.all(sources)).flat().flatMap((source) => {
        const [, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? [];
        return name ?? [];
      }),
    );
  };
  const ocipush = (...args: readonly string[]): Promise<string> =>
    run(join(home.path, 'node_modules', '.bin', 'ocipush'), ...args);

  beforeAll(async () => {
    home = await makeHome();
    registry = await startRegistry();
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', home.path];
    const { stdout } = await execute('npm', pack, { cwd: ROOT });
    const [{ filename = '' } = {}] = JSON.parse(stdout) as { readonly filename?: string }[];
    await writeFile(join(home.path, 'package.json'), '{ "private": true, "type": "module" }');
    // The optional part is downloaded or compiled, which takes its time and is not what is tested.
    const quiet = ['--omit=optional', '--prefer-offline', '--no-audit', '--no-fund'];
    await execute('npm', ['install', ...quiet, `./${filename}`], { cwd: home.path });
    image = await writeOciLayout(join(home.path, 'image'), { layers: [] });
    await mkdir(join(home.path, 'list'));
    const platform = { os: 'linux', architecture: 'arm64' };
    await writeOciIndex(join(home.path, 'list'), {
      images: [{ layers: [] }, { layers: [], platform }],
    });
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  test('knows its version', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    expect(await ocipush('--version')).toBe(`ocipush version ${version}\n`);
  });

  test.each([
    ['push', 'oci:image'],
    ['manifest push', 'oci:list'],
  ])('does %s', async (command, source) => {
    const destination = `${registry.host}/team/${command.replace(' ', '-')}:1`;
    const flags = ['--tls-verify=false', '--output=digest'];
    const digest = await ocipush(...command.split(' '), ...flags, source, destination);
    const { manifests } = registry.repository(`team/${command.replace(' ', '-')}`);
    expect([...manifests.keys()]).toContain(digest.trim());
  });

  test('logs in, and out again', async () => {
    const account = { user: 'someone', password: 'secret' };
    await using guarded = await startRegistry({ auth: { kind: 'basic', ...account } });
    const file = `--authfile=${join(home.path, 'auth.json')}`;
    const given = ['--username', account.user, '--password', account.password];
    await ocipush('login', '--tls-verify=false', file, ...given, guarded.host);
    expect(await ocipush('login', '--get-login', file, guarded.host)).toBe(`${account.user}\n`);
    await ocipush('logout', file, guarded.host);
    await expect(ocipush('login', '--get-login', file, guarded.host)).rejects.toMatchObject({
      code: 125,
    });
  });

  test('is a library, as the example uses it', async () => {
    await copyFile(join(ROOT, 'examples', 'push.js'), join(home.path, 'example.js'));
    const destination = `${registry.host}/team/example:1`;
    const stdout = await run(process.execPath, 'example.js', 'oci:image', destination, 'dir:copy');
    const { digest } = image.manifest.descriptor;
    expect(stdout).toBe(`docker://${destination} ${digest}\ndir:copy ${digest}\n`);
    await expect(
      run(process.execPath, 'example.js', 'oci:nowhere', destination),
    ).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^SOURCE_NOT_FOUND: /) });
  });

  test('has types that the compiler takes', async () => {
    const program = `import { push, type PushReport } from 'ocipush';
export const report: Promise<PushReport> = push({ image: 'a', destinations: ['b'], jobs: 2 });
// @ts-expect-error there is no such option
export const mistake = push({ image: 'a', job: 2 });
`;
    await writeFile(join(home.path, 'program.ts'), program);
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types')];
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
    expect(await run(tsc, ...flags, ...types, 'program.ts')).toBe('');
  });

  test('brings its manual and what is promised of it', async () => {
    const { man } = JSON.parse(await inside('package.json')) as { readonly man: readonly string[] };
    for (const page of man) expect(await inside(page)).toContain('.TH');
    expect(await inside('SECURITY.md')).toBe(await readFile(join(ROOT, 'SECURITY.md'), 'utf8'));
  });

  describe('says what it is made of:', () => {
    let bill: Bill;

    beforeAll(async () => {
      bill = JSON.parse(await inside('dist', 'sbom.cdx.json')) as Bill;
    });

    test('the packages in the bundle and those beside it, and no others', async () => {
      const places = bill.components.map(
        ({ name, properties: [place] }) => [name, place?.value] as const,
      );
      const bundled = await packagesInBundle();
      expect(bundled.size).toBeGreaterThan(20);
      expect(new Map<string, string | undefined>(places)).toEqual(
        new Map([
          ...[...bundled].map((name) => [name, 'bundled'] as const),
          ...['openpgp', 'zstd-napi'].map((name) => [name, 'beside the bundle'] as const),
        ]),
      );
    });

    test('each in the version, with the bytes and under the licence that the lockfile has', async () => {
      const { packages } = JSON.parse(
        await readFile(join(ROOT, 'package-lock.json'), 'utf8'),
      ) as Lockfile;
      for (const { name, version, purl, hashes, licenses } of bill.components) {
        const locked = packages[`node_modules/${name}`];
        const [{ alg, content } = { alg: '', content: '' }] = hashes;
        const [{ license, expression } = {}] = licenses;
        expect({
          version,
          license: license?.id ?? expression,
          integrity: `sha512-${Buffer.from(content, 'hex').toString('base64')}`,
        }).toEqual({
          version: locked?.version,
          license: locked?.license,
          integrity: locked?.integrity,
        });
        expect(alg).toBe('SHA-512');
        expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
      }
    });

    test('the licence of each that is bundled, with its text', async () => {
      const text = await inside('dist', 'THIRD-PARTY-LICENSES.txt');
      const sections = new Map(
        [...text.matchAll(/^## (\S+) (\S+) \(.+\)\n\n([^]*?)(?=\n## |$(?![^]))/gm)].map(
          ([, name = '', version, body = '']) => [`${name}@${version}`, body],
        ),
      );
      const bundled = bill.components.filter(
        ({ properties: [place] }) => place?.value === 'bundled',
      );
      expect([...sections.keys()].toSorted()).toEqual(
        bundled.map(({ name, version }) => `${name}@${version}`).toSorted(),
      );
      const silent = [...sections].filter(
        ([, body]) => !/permission|redistribution|terms and conditions/i.test(body),
      );
      expect(silent.map(([name]) => name)).toEqual([]);
    });
  });
});

test('no build leaves out the text of a licence', async () => {
  const directory = await temporaryDirectory();
  const manifest = { name: 'silent', version: '1.0.0', license: 'MIT' };
  const program = `import { writeLicences } from './scripts/licences.js';
await writeLicences([${JSON.stringify({ directory, manifest })}]);`;
  await expect(
    execute(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT }),
  ).rejects.toMatchObject({ stderr: expect.stringContaining('brings no text of its licence') });
});
