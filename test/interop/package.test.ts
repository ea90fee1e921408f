/** The package as it is published: installed in an empty folder, its commands and its library run. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeOciIndex, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import { makeHome, type Home } from '../support/ocipush.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';

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

  test('brings its manual and the licences of what it contains', async () => {
    const inside = join(home.path, 'node_modules', 'ocipush');
    const { man } = JSON.parse(await readFile(join(inside, 'package.json'), 'utf8')) as {
      readonly man: readonly string[];
    };
    for (const page of man) expect(await readFile(join(inside, page), 'utf8')).toContain('.TH');
    const licences = await readFile(join(inside, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    expect(licences).toMatch(/^## commander .+\(MIT\)$/m);
    expect(licences).toMatch(/^## undici .+\(MIT\)$/m);
  });
});
