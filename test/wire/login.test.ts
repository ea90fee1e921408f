/** Logging in and out: what is asked of the registry, what is kept, and what is not. */
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { isAbsent } from '../../src/io/system-error.ts';
import { failureOf } from '../support/failure.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import type { Run, RunOptions } from '../support/ocipush.ts';
import type { RegistryAuth } from '../support/registry/auth.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import type { Fault } from '../support/registry/faults.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { HELPER_NOTES, IDENTITY_TOKEN, PASSWORD, USER } from '../support/secrets.ts';

const BASIC = { kind: 'basic', user: USER, password: PASSWORD } as const;
const BEARER = { kind: 'bearer', user: USER, password: PASSWORD } as const;

const AUTH = encoded(USER, PASSWORD);
const OTHER = encoded('other', 'secret');
const AUTH_FILE = 'run/containers/auth.json';
const DOCKER_FILE = '.docker/config.json';

function encoded(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}

interface Place extends AsyncDisposable {
  readonly scene: Scene;
  readonly host: string;
  /** Runs a command with the directory for auth files in its environment. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Run>;
  /** Logs in without TLS, and with the right user and password on standard input. */
  readonly login: (...args: readonly string[]) => Promise<Run>;
  /** A file in the home as JSON; undefined when there is none. */
  readonly content: (file: string) => Promise<unknown>;
  readonly write: (file: string, content: unknown) => Promise<void>;
}

async function open(auth: RegistryAuth = BASIC, faults: readonly Fault[] = []): Promise<Place> {
  const scene = await openScene({ auth, faults });
  const { host } = scene.registry;
  await mkdir(scene.path('run'));
  const run: Place['run'] = (args, options = {}) =>
    scene.home.run(args, {
      ...options,
      env: { XDG_RUNTIME_DIR: scene.path('run'), ...options.env },
    });
  const given = ['login', '--tls-verify=false', '-u', USER, '--password-stdin'];
  return {
    scene,
    host,
    run,
    login: (...args) => run([...given, ...args], { input: Buffer.from(`${PASSWORD}\n`) }),
    content: async (file) => {
      try {
        return JSON.parse(await readFile(scene.path(file), 'utf8')) as unknown;
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    write: async (file, content) => {
      await mkdir(scene.path(`${file}/..`), { recursive: true });
      await writeFile(scene.path(file), JSON.stringify(content));
    },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  };
}

describe.each<readonly [kind: string, auth: RegistryAuth]>([
  ['basic', BASIC],
  ['bearer', BEARER],
])('login with %s authentication', (_, auth) => {
  test('keeps what the registry accepts, for the next push', async () => {
    await using place = await open(auth);
    const { scene, host } = place;
    expect(await place.login(host)).toEqual({ code: 0, stdout: 'Login Succeeded!\n', stderr: '' });
    expect(await readFile(scene.path(AUTH_FILE), 'utf8')).toBe(
      `{\n\t"auths": {\n\t\t"${host}": {\n\t\t\t"auth": "${AUTH}"\n\t\t}\n\t}\n}`,
    );
    expect((await stat(scene.path(AUTH_FILE))).mode & 0o777).toBe(0o600);
    await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
    const env = { XDG_RUNTIME_DIR: scene.path('run') };
    expect(await scene.push('oci:image', [], { env })).toMatchObject({ code: 0 });
  });

  test('keeps nothing that the registry does not accept', async () => {
    await using place = await open(auth);
    const run = await place.run([
      'login',
      '--tls-verify=false',
      '-u',
      USER,
      '-p',
      'wrong-secret',
      place.host,
    ]);
    expect(failureOf(run)).toMatchObject({
      code: 125,
      error: `logging into "${place.host}": invalid username/password`,
      hint: expect.any(String),
    });
    expect(run.stderr).not.toContain('secret');
    expect(await place.content(AUTH_FILE)).toBeUndefined();
  });
});

describe('where a login is kept', () => {
  test.each<[flags: string[], env: Record<string, string>, file: string]>([
    [[], {}, AUTH_FILE],
    [['--authfile', 'a.json'], { REGISTRY_AUTH_FILE: 'b.json' }, 'a.json'],
    [['--compat-auth-file', 'c.json'], { REGISTRY_AUTH_FILE: 'b.json' }, 'c.json'],
    [[], { REGISTRY_AUTH_FILE: 'b.json', DOCKER_CONFIG: 'd' }, 'b.json'],
    [[], { DOCKER_CONFIG: 'd' }, 'd/config.json'],
  ])('%j with %j', async (flags, env, file) => {
    await using place = await open();
    const args = ['login', '--tls-verify=false', '-u', USER, '-p', PASSWORD, '-v', ...flags];
    const run = await place.run([...args, place.host], { env });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(new RegExp(`^Used:  (?:/.+/)?${file}\nLogin Succeeded!\n$`));
    expect(await place.content(file)).toEqual({ auths: { [place.host]: { auth: AUTH } } });
  });

  test('a namespace has credentials of its own, which a push there takes first', async () => {
    await using place = await open();
    const { scene, host } = place;
    await place.write(AUTH_FILE, { auths: { [host]: { auth: OTHER } } });
    expect(await place.login(`${host}/team`)).toMatchObject({ code: 0 });
    expect(await place.content(AUTH_FILE)).toEqual({
      auths: { [host]: { auth: OTHER }, [`${host}/team`]: { auth: AUTH } },
    });
    await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
    const env = { XDG_RUNTIME_DIR: scene.path('run') };
    expect(await scene.push('oci:image', [], { env })).toMatchObject({ code: 0 });
  });

  test('a helper of the file keeps it instead', async () => {
    await using place = await open();
    const { scene, host } = place;
    const helpers = { credHelpers: { [host]: 'test' } };
    await place.write(AUTH_FILE, helpers);
    await mkdir(scene.path('bin'));
    const helper = scene.path('bin/docker-credential-test');
    await writeFile(
      helper,
      `#!/bin/sh
case $1 in
get) echo credentials not found in native keychain; exit 1;;
*) { echo "$1"; cat; } >> ${scene.path(HELPER_NOTES)};;
esac
`,
    );
    await chmod(helper, 0o755);
    const env = { PATH: `${scene.path('bin')}:${process.env['PATH']}` };
    const args = ['-v', '--tls-verify=false', '-u', USER, '-p', PASSWORD, host];
    expect(await place.run(['login', ...args], { env })).toMatchObject({
      code: 0,
      stdout: 'Used:  credential helper: test\nLogin Succeeded!\n',
    });
    expect(await place.run(['logout', host], { env })).toMatchObject({ code: 0 });
    expect(await readFile(scene.path(HELPER_NOTES), 'utf8')).toBe(
      `store\n{"ServerURL":"${host}","Username":"${USER}","Secret":"${PASSWORD}"}\nerase\n${host}`,
    );
    expect(await place.content(AUTH_FILE)).toEqual(helpers);
  });

  test("docker's own file in another format is worth a warning", async () => {
    await using place = await open();
    const run = await place.login('--authfile', place.scene.path(DOCKER_FILE), place.host);
    expect(run).toMatchObject({ code: 0, stdout: 'Login Succeeded!\n' });
    expect(run.stderr).toMatch(/^time="[^"]+" level=warning msg=".*--compat-auth-file"\n$/);
  });

  test('not where $XDG_RUNTIME_DIR leads to nothing', async () => {
    await using place = await open();
    const args = ['login', '--tls-verify=false', '-u', USER, '-p', PASSWORD, place.host];
    const env = { XDG_RUNTIME_DIR: place.scene.path('missing') };
    expect(failureOf(await place.run(args, { env }))).toMatchObject({ code: 125 });
    expect(place.scene.registry.requests).toEqual([]);
  });
});

describe('existing credentials', () => {
  test('that are valid stay, and nothing is asked', async () => {
    await using place = await open();
    await place.write(AUTH_FILE, { auths: { [place.host]: { auth: AUTH } } });
    expect(await place.run(['login', '--tls-verify=false', place.host])).toEqual({
      code: 0,
      stdout: `Authenticating with existing credentials for ${place.host}\nExisting credentials are valid. Already logged in to ${place.host}\n`,
      stderr: '',
    });
  });

  test('are not called invalid by a registry that does not answer', async () => {
    await using place = await open();
    await place.write(AUTH_FILE, { auths: { 'localhost:1': { auth: AUTH } } });
    const run = await place.run(['login', 'localhost:1']);
    expect(run).toMatchObject({
      code: 125,
      stdout: 'Authenticating with existing credentials for localhost:1\n',
      stderr: expect.stringMatching(
        /^Error: authenticating creds for "localhost:1": pinging container registry localhost:1: Get "https:\/\/localhost:1\/v2\/": .*connection refused\nHint: .+\n$/,
      ),
    });
  });

  test('that the registry denies are not valid', async () => {
    const on = { path: '/v2/', times: Infinity };
    await using place = await open(BASIC, [{ on, do: { status: 403 } }]);
    await place.write(AUTH_FILE, { auths: { [place.host]: { auth: AUTH } } });
    const run = await place.run(['login', '--tls-verify=false', place.host]);
    expect(run.code).toBe(125);
    expect(run.stdout).toContain('Existing credentials are invalid, please enter');
    const typed = await place.login(place.host);
    expect(failureOf(typed).error).toMatch(/^authenticating creds for ".+": pinging .+ denied/);
    expect(await place.content(AUTH_FILE)).toEqual({ auths: { [place.host]: { auth: AUTH } } });
  });

  test('that are an identity token are not replaced', async () => {
    await using place = await open();
    const auths = { [place.host]: { auth: encoded('u', ''), identitytoken: IDENTITY_TOKEN } };
    await place.write(AUTH_FILE, { auths });
    for (const run of [
      await place.login(place.host),
      await place.run(['login', '--get-login', place.host]),
    ]) {
      expect(failureOf(run)).toMatchObject({
        code: 125,
        error: 'currently logged in, auth file contains an Identity token',
      });
      expect(run.stderr).not.toContain(IDENTITY_TOKEN);
    }
    expect(await place.content(AUTH_FILE)).toEqual({ auths });
  });

  test('are shown by --get-login, without the password and the registry', async () => {
    await using place = await open();
    await place.write(AUTH_FILE, { auths: { [place.host]: { auth: AUTH } } });
    for (const key of [place.host, `${place.host}/team`, `https://${place.host}/v2/`]) {
      expect(await place.run(['login', '--get-login', key])).toEqual({
        code: 0,
        stdout: `${USER}\n`,
        stderr: '',
      });
    }
    expect(failureOf(await place.run(['login', '--get-login', 'quay.io']))).toMatchObject({
      code: 125,
      error: 'not logged into quay.io',
    });
    expect(place.scene.registry.requests).toEqual([]);
  });
});

test.each([
  [['--authfile=a', '--compat-auth-file=b'], /can not be set simultaneously$/],
  [['--password-stdin'], /^must provide --username with --password-stdin$/],
  [['--secret=s'], /^--secret is not supported/],
  [['-u', USER], /^getting username and password: reading password: inappropriate ioctl/],
  [[], /^getting username and password: reading username: EOF$/],
])('login %j has nothing asked of the registry', async (flags, error) => {
  await using place = await open();
  const run = await place.run(['login', '--tls-verify=false', ...flags, place.host]);
  // It is asked for even where only the end of the input answers.
  const stderr = run.stderr.replace(/^Username: /, '');
  expect(failureOf({ ...run, stderr })).toEqual({
    code: 125,
    error: expect.stringMatching(error) as string,
    hint: expect.stringMatching(/\S/) as string,
    help: undefined,
  });
  expect(place.scene.registry.requests).toEqual([]);
});

test('a login that was broken off changes nothing', async () => {
  await using place = await open();
  const before = { auths: {} };
  await place.write(AUTH_FILE, before);
  const run = await place.run(
    ['login', '--tls-verify=false', '-u', USER, '--password-stdin', place.host],
    {
      input: 'open',
      onStart: (command) => {
        // More than a pipe holds: once it is gone, the command reads.
        void command.write(Buffer.alloc(500_000, 'x')).then(() => command.kill('SIGTERM'));
      },
    },
  );
  expect(run.code).toBe(143);
  expect(await place.content(AUTH_FILE)).toEqual(before);
});

describe('logout', () => {
  const kept = (host: string) => ({
    auths: {
      [host]: { auth: AUTH },
      [`${host}/team`]: { auth: OTHER },
      'quay.io': { auth: OTHER },
    },
    credsStore: 'unknown',
  });

  test('removes one key and leaves the others', async () => {
    await using place = await open();
    const { host } = place;
    await place.write(AUTH_FILE, kept(host));
    expect(await place.run(['logout', host])).toEqual({
      code: 0,
      stdout: `Removed login credentials for ${host}\n`,
      stderr: '',
    });
    const { [host]: _, ...others } = kept(host).auths;
    expect(await place.content(AUTH_FILE)).toEqual({ ...kept(host), auths: others });
    expect(place.scene.registry.requests).toEqual([]);
  });

  test('--all removes every key', async () => {
    await using place = await open();
    await place.write(AUTH_FILE, kept(place.host));
    expect(await place.run(['logout', '--all'])).toMatchObject({
      code: 0,
      stdout: 'Removed login credentials for all registries\n',
    });
    expect(await place.content(AUTH_FILE)).toEqual({ ...kept(place.host), auths: {} });
  });

  test.each([
    [['quay.io'], 'not logged into quay.io'],
    [['--all', 'quay.io'], '--all takes no arguments'],
    [
      ['--authfile=missing', 'quay.io'],
      /^credential file is not accessible: .*missing: no such file/,
    ],
    [[], 'no registries found in registries.conf, a registry must be provided'],
  ])('%j fails, and makes no file', async (args, error) => {
    await using place = await open();
    const env = { CONTAINERS_REGISTRIES_CONF: '/dev/null' };
    const failure = failureOf(await place.run(['logout', ...args], { env }));
    expect(failure.code).toBe(125);
    expect(failure.error).toMatch(error);
    expect(await place.content(AUTH_FILE)).toBeUndefined();
  });

  test.each([
    ['valid', AUTH, 0],
    ['not valid', OTHER, 125],
  ])('of credentials that docker keeps, and that are %s', async (_, auth, code) => {
    await using scene = await openScene({ auth: BASIC, tls: TEST_CERTIFICATE });
    const { host } = scene.registry;
    const docker = { auths: { [host]: { auth } } };
    await mkdir(scene.path('run'));
    const certificates = scene.path(`.config/containers/certs.d/${host}`);
    await mkdir(certificates, { recursive: true });
    await writeFile(`${certificates}/ca.crt`, TEST_CERTIFICATE.cert);
    await mkdir(scene.path('.docker'));
    await writeFile(scene.path(DOCKER_FILE), JSON.stringify(docker));
    const run = await scene.home.run(['logout', host], {
      env: { XDG_RUNTIME_DIR: scene.path('run') },
    });
    expect(run.code).toBe(code);
    expect(run.stdout).toMatch(code === 0 ? /Please use docker logout instead\.\n$/ : /^$/);
    expect(run.stderr).toMatch(code === 0 ? /^$/ : /^Error: not logged into /);
    expect(JSON.parse(await readFile(scene.path(DOCKER_FILE), 'utf8'))).toEqual(docker);
  });
});
