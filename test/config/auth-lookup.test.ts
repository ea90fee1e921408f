import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkAuthFile,
  createAuthFileLookup,
  type AuthLookupOptions,
} from '../../src/config/auth-lookup.ts';
import {
  base64,
  temporaryDirectory,
  withoutPermission,
  writeFiles,
  writeHelper,
} from './places.ts';

/** An auth file with one entry, whose user tells which file or key it was. */
function entry(user: string, key = 'quay.io') {
  return { auths: { [key]: { auth: base64(`${user}:p`) } } };
}

function basic(user: string) {
  return { kind: 'basic', user, password: 'p' };
}

/** A helper whose answer is its user. */
function answering(user: string): string {
  return `echo '{"Username":"${user}","Secret":"p"}'`;
}

const NOT_FOUND = 'echo credentials not found in native keychain; exit 1';

const RUNTIME = 'run/containers/auth.json';
const CONFIG = 'home/.config/containers/auth.json';
const DOCKER = 'home/.docker/config.json';
const DOCKERCFG = 'home/.dockercfg';

interface Scene {
  readonly root: string;
  readonly warnings: string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly options: AuthLookupOptions;
}

/** A machine with the given files and helpers, and nothing else of this one but its programs. */
async function scene(
  files: Readonly<Record<string, unknown>>,
  helpers: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  const root = await temporaryDirectory();
  await writeFiles(root, { 'run/.keep': '', ...files });
  const environment: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: join(root, 'home'),
    XDG_RUNTIME_DIR: join(root, 'run'),
  };
  for (const [name, script] of Object.entries(helpers)) {
    environment['PATH'] = await writeHelper(join(root, 'bin'), name, script);
  }
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  return { root, warnings, environment, options: { environment, warn } };
}

const REFUSED = expect.objectContaining({ code: 'CONFIG_INVALID', origin: 'config' });

describe('which file answers', () => {
  const everywhere = {
    [RUNTIME]: entry('runtime'),
    [CONFIG]: entry('config'),
    [DOCKER]: entry('docker'),
    [DOCKERCFG]: { 'quay.io': { auth: base64('dockercfg:p') } },
  };

  test.each([
    [[], 'runtime'],
    [[RUNTIME], 'config'],
    [[RUNTIME, CONFIG], 'docker'],
    [[RUNTIME, CONFIG, DOCKER], 'dockercfg'],
  ])('without %j: %s', async (missing, user) => {
    const { root, options } = await scene(everywhere);
    await Promise.all(missing.map((path) => rm(join(root, path))));
    const lookup = createAuthFileLookup(options);
    expect(await lookup('quay.io/a')).toEqual(basic(user));
  });

  test('none of them: anonymous', async () => {
    const { options, warnings } = await scene({});
    expect(await createAuthFileLookup(options)('quay.io/a')).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test.each([
    [['typed', 'json', 'registry', 'docker'], 'quay.io/a', 'typed'],
    [['json', 'registry', 'docker'], 'quay.io/a', 'json'],
    [['registry', 'docker'], 'quay.io/a', 'registry'],
    [['docker'], 'quay.io/a', 'docker'],
    [[], 'quay.io/a', 'runtime'],
    [['typed', 'json'], 'json.io/a', undefined], // a typed file is the only one
    [['registry'], 'runtime.io/a', undefined], // so is one that the environment names
    [['docker'], 'runtime.io/a', undefined],
    [['json', 'registry'], 'registry.io/a', 'registry'], // the variable hides no file
    [['json'], 'runtime.io/a', 'runtime'],
  ])('with %j for %s: %s', async (set, repository, user) => {
    const file = (name: string) => ({
      auths: { ...entry(name).auths, ...entry(name, `${name}.io`).auths },
    });
    const { root, environment, options } = await scene({
      'typed.json': file('typed'),
      'registry.json': file('registry'),
      'docker/config.json': file('docker'),
      [RUNTIME]: file('runtime'),
    });
    if (set.includes('json')) environment['DOCKER_AUTH_CONFIG'] = JSON.stringify(file('json'));
    if (set.includes('registry')) environment['REGISTRY_AUTH_FILE'] = join(root, 'registry.json');
    if (set.includes('docker')) environment['DOCKER_CONFIG'] = join(root, 'docker');
    const authfile = set.includes('typed') ? join(root, 'typed.json') : undefined;
    const lookup = createAuthFileLookup({ ...options, authfile });
    expect(await lookup(repository)).toEqual(user === undefined ? undefined : basic(user));
  });

  test.each([
    ['home', 'no such file or directory'],
    ['run/.keep', 'not a directory'],
  ])('a typed file below %s is refused before anything is asked', async (parent, reason) => {
    const { root } = await scene({});
    const authfile = join(root, parent, 'auth.json');
    await expect(checkAuthFile(authfile)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      hint: expect.any(String),
      // Podman's text.
      message: `credential file is not accessible: faccessat ${authfile}: ${reason}`,
    });
  });

  test('a file named by $REGISTRY_AUTH_FILE may be missing, with a warning', async () => {
    const { root, environment, options, warnings } = await scene({ [RUNTIME]: entry('runtime') });
    environment['REGISTRY_AUTH_FILE'] = join(root, 'missing.json');
    const lookup = createAuthFileLookup(options);
    expect(await lookup('quay.io/a')).toBeUndefined();
    await lookup('quay.io/b');
    expect(warnings).toEqual([expect.stringContaining(join(root, 'missing.json'))]);
  });

  test('an $XDG_RUNTIME_DIR that is not there is skipped, with one warning', async () => {
    const { root, environment, options, warnings } = await scene({ [CONFIG]: entry('config') });
    environment['XDG_RUNTIME_DIR'] = join(root, 'missing');
    const lookup = createAuthFileLookup(options);
    expect(await lookup('quay.io/a')).toEqual(basic('config'));
    await lookup('quay.io/b');
    expect(warnings).toHaveLength(1);
  });

  test('one that may not be read is skipped, with one warning, unless the user named it', async () => {
    const { root, environment, options, warnings } = await scene({
      [RUNTIME]: entry('runtime'),
      [CONFIG]: entry('config'),
    });
    const [runtime, lookup] = [join(root, 'run'), createAuthFileLookup(options)];
    environment['HOME'] = '/dev/null';
    expect(await withoutPermission(runtime, () => lookup('quay.io/a'))).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('permission denied')]);
    environment['REGISTRY_AUTH_FILE'] = join(root, RUNTIME);
    const named = createAuthFileLookup(options);
    await expect(withoutPermission(runtime, () => named('quay.io/a'))).rejects.toEqual(REFUSED);
  });

  test('files are read when first asked for, and once', async () => {
    const { root, options } = await scene({});
    const lookup = createAuthFileLookup(options);
    await writeFiles(root, { [RUNTIME]: entry('early') });
    expect(await lookup('quay.io/a')).toEqual(basic('early'));
    await writeFiles(root, { [RUNTIME]: entry('late') });
    expect(await lookup('quay.io/a')).toEqual(basic('early'));
  });

  test('what comes after the file with the answer is not read', async () => {
    const { options } = await scene({ [RUNTIME]: entry('runtime'), [CONFIG]: 'broken' });
    const lookup = createAuthFileLookup(options);
    expect(await lookup('quay.io/a')).toEqual(basic('runtime'));
    await expect(lookup('other.io/a')).rejects.toEqual(REFUSED);
  });

  test.each(['{', '{"auths":1}', '{"auths":{"quay.io":{"auth":"dTpw*"}}}'])(
    '$DOCKER_AUTH_CONFIG broken as %s is refused by its name',
    async (text) => {
      const { environment, options } = await scene({ [RUNTIME]: entry('runtime') });
      environment['DOCKER_AUTH_CONFIG'] = text;
      const lookup = createAuthFileLookup(options);
      await expect(lookup('quay.io/a')).rejects.toEqual(REFUSED);
      await expect(lookup('quay.io/a')).rejects.toThrow('$DOCKER_AUTH_CONFIG');
    },
  );
});

describe('which entry of a file answers', () => {
  test.each([
    [{}, {}, 'next'], // nothing in the first file
    [{ 'quay.io': {} }, {}, 'next'], // an empty entry
    [{ 'quay.io/a': {}, 'quay.io': { auth: base64('short:p') } }, {}, 'next'], // decides all the same
    [{ 'quay.io': { auth: base64('u:') } }, {}, 'next'],
    [{ 'quay.io/a': { username: 'plain', password: 'p' } }, {}, 'plain'],
    [{ 'quay.io/a': { auth: base64('exact:p') } }, { 'quay.io': 'found' }, 'found'], // asked first
    [{ 'quay.io/a': { auth: base64('exact:p') } }, { 'quay.io': 'empty' }, 'next'], // and last
    [{ 'quay.io/a': { auth: base64('exact:p') } }, { 'quay.io/a': 'found' }, 'exact'], // hosts only
    [{ 'quay.io/a': { auth: base64('exact:p') } }, { 'https://quay.io': 'found' }, 'exact'],
    [{ 'quay.io/a': { auth: base64('exact:p') } }, { 'other.io': 'found' }, 'exact'],
  ])('auths %j, credHelpers %j: %s', async (auths, credHelpers, user) => {
    const { options, warnings } = await scene(
      { [RUNTIME]: { auths, credHelpers }, [CONFIG]: entry('next') },
      { found: answering('found'), empty: NOT_FOUND },
    );
    const lookup = createAuthFileLookup(options);
    expect(await lookup('quay.io/a/b')).toEqual(basic(user));
    expect(warnings).toEqual([]);
  });

  test('an auth without colon is skipped, with one warning for the key and the file', async () => {
    const broken = { auths: { 'quay.io': { auth: base64('colonless') } } };
    const { root, options, warnings } = await scene({ [RUNTIME]: broken, [CONFIG]: entry('next') });
    const lookup = createAuthFileLookup(options);
    expect(await lookup('quay.io/a')).toEqual(basic('next'));
    expect(await lookup('quay.io/b')).toEqual(basic('next'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('"quay.io"');
    expect(warnings[0]).toContain(join(root, RUNTIME));
  });

  test('a helper of credHelpers that fails ends the search', async () => {
    const { options } = await scene(
      { [RUNTIME]: { credHelpers: { 'quay.io': 'broken' } }, [CONFIG]: entry('next') },
      { broken: 'exit 1' },
    );
    await expect(createAuthFileLookup(options)('quay.io/a')).rejects.toEqual(REFUSED);
  });
});

describe('credsStore', () => {
  test.each([
    [{ 'quay.io': {} }, 'found', 'found', 0], // what docker leaves in auths
    [{}, 'found', 'found', 0],
    [{ 'quay.io': { auth: base64('entry:p') } }, 'found', 'entry', 0], // podman's login wrote it
    [{}, 'empty', 'next', 0],
    [{}, 'broken', 'next', 1], // podman does not ask it at all
    [{}, 'missing', 'next', 1],
  ])('auths %j, store %s: %s, %i warnings', async (auths, credsStore, user, count) => {
    const { options, warnings } = await scene(
      { [DOCKER]: { auths, credsStore }, [DOCKERCFG]: { 'quay.io': { auth: base64('next:p') } } },
      { found: answering('found'), empty: NOT_FOUND, broken: 'exit 1' },
    );
    const lookup = createAuthFileLookup(options);
    expect(await lookup('quay.io/a')).toEqual(basic(user));
    expect(warnings).toHaveLength(count);
  });

  test('is not asked for a registry that has a helper of its own', async () => {
    const content = { credHelpers: { 'quay.io': 'empty' }, credsStore: 'found' };
    const { options } = await scene(
      { [DOCKER]: content },
      { found: answering('found'), empty: NOT_FOUND },
    );
    const lookup = createAuthFileLookup(options);
    expect(await lookup('quay.io/a')).toBeUndefined();
    expect(await lookup('other.io/a')).toEqual(basic('found'));
  });
});

describe('credential-helpers of registries.conf', () => {
  const FILES = 'containers-auth.json';

  test.each([
    [[FILES, 'found'], 'file'],
    [['found', FILES], 'found'],
    [['empty', FILES], 'file'],
    [['broken', FILES], 'file'], // an error matters only when nothing is found
    [['found'], 'found'],
    [['empty'], undefined],
    [[], undefined],
  ])('%j: %s', async (credentialHelpers, user) => {
    const { options } = await scene(
      { [RUNTIME]: entry('file') },
      { found: answering('found'), empty: NOT_FOUND, broken: 'exit 1' },
    );
    const lookup = createAuthFileLookup({ ...options, credentialHelpers });
    expect(await lookup('quay.io/a')).toEqual(user === undefined ? undefined : basic(user));
  });

  test('one error is told as it is, several together', async () => {
    const { options } = await scene({}, { one: 'exit 11', two: 'exit 12' });
    const failureOf = async (...credentialHelpers: string[]) => {
      const lookup = createAuthFileLookup({ ...options, credentialHelpers });
      return lookup('quay.io/a').catch((error: unknown) => error);
    };
    expect(await failureOf('one', FILES)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^error getting credentials - err: exit status 11/),
    });
    expect(await failureOf('one', 'two')).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^errors looking up credentials:\n\t\* .* 11.*\n\t\* .* 12/),
    });
  });
});

test.each([
  ['a helper of registries.conf', {}, ['hang', 'found']],
  ['a helper of credHelpers', { credHelpers: { 'quay.io': 'hang' } }, undefined],
  ['the credsStore', { credsStore: 'hang' }, undefined],
])('an abort ends %s with its reason', async (_, content, credentialHelpers) => {
  const { options } = await scene(
    { [RUNTIME]: content, [CONFIG]: entry('next') },
    { hang: 'exec sleep 600', found: answering('found') },
  );
  const controller = new AbortController();
  const reason = new Error('enough');
  const { signal } = controller;
  const lookup = createAuthFileLookup({ ...options, credentialHelpers, signal });
  const asked = lookup('quay.io/a');
  controller.abort(reason);
  await expect(asked).rejects.toBe(reason);
});
