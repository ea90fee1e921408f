import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  askCredentialHelper,
  eraseFromCredentialHelper,
  listCredentialHelper,
  storeInCredentialHelper,
  type HelperOptions,
} from '../../src/config/credential-helper.ts';
import { messageOf, OcipushError } from '../../src/errors.ts';
import { temporaryDirectory, writeHelper } from './places.ts';

const SECRET = 's3cret';
const FOUND = `echo '{"ServerURL":"h","Username":"u","Secret":"${SECRET}"}'`;
const BASIC = { kind: 'basic', user: 'u', password: SECRET };
const NOT_FOUND = 'credentials not found in native keychain';

/** Asks a helper made of the shell script; `$DIR` is a directory of its own. */
async function ask(
  script: string,
  { registry = 'h:5000', ...options }: Partial<HelperOptions> & { registry?: string } = {},
) {
  const directory = await temporaryDirectory();
  const path = await writeHelper(directory, 'stub', script);
  const environment = { ...process.env, PATH: path, DIR: directory };
  const asked = askCredentialHelper('stub', registry, { environment, ...options });
  return { directory, asked };
}

async function failureOf(asked: Promise<unknown>): Promise<OcipushError> {
  const error: unknown = await asked.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', origin: 'config' });
  if (error instanceof OcipushError) return error;
  throw new Error(`no failure: ${messageOf(error)}`);
}

describe('askCredentialHelper', () => {
  test.each([
    [FOUND, BASIC],
    [`${FOUND}; echo trailing garbage`, BASIC],
    [`echo '{"Username":"u","Secret":"a}\\"{b"} {'`, { ...BASIC, password: 'a}"{b' }],
    [`echo '{"username":"u","secret":"${SECRET}"}'`, BASIC], // names in any case
    [`echo noise >&2; ${FOUND}`, BASIC],
    [`echo '{"Username":"<token>","Secret":"t"}'`, { kind: 'identity-token', token: 't' }],
    [`echo '{"Username":"<token>","Secret":""}'`, undefined],
    [`echo '{"Username":"","Secret":""}'`, undefined],
    [`echo '{"Username":"u","Secret":""}'`, undefined],
    [`echo '{}'`, undefined],
    [`echo '${NOT_FOUND}'; exit 1`, undefined],
    [`exec <&-; ${FOUND}`, BASIC], // never reads what it is asked
  ])('%s: %j', async (script, expected) => {
    const { asked } = await ask(script);
    expect(await asked).toEqual(expected);
  });

  test('says get, and the registry without a newline', async () => {
    const script = `printf '%s' "$*" > "$DIR/args"; cat > "$DIR/input"; ${FOUND}`;
    const { asked, directory } = await ask(script, { registry: '127.0.0.1:5000' });
    await asked;
    expect(await readFile(join(directory, 'args'), 'utf8')).toBe('get');
    expect(await readFile(join(directory, 'input'), 'utf8')).toBe('127.0.0.1:5000');
  });

  test.each([
    ['docker.io', NOT_FOUND, ['docker.io', 'https://index.docker.io/v1/']],
    ['quay.io', NOT_FOUND, ['quay.io']],
  ])('asked for %s in vain it is asked in order: %j', async (registry, answer, expected) => {
    const script = `cat >> "$DIR/asked"; echo >> "$DIR/asked"; echo '${answer}'; exit 1`;
    const { asked, directory } = await ask(script, { registry });
    expect(await asked).toBeUndefined();
    expect((await readFile(join(directory, 'asked'), 'utf8')).trim().split('\n')).toEqual(expected);
  });

  test('finds docker.io under the name that docker gives it', async () => {
    const script = `case "$(cat)" in https://index.docker.io/v1/) ${FOUND};; *) echo '{}';; esac`;
    const { asked } = await ask(script, { registry: 'docker.io' });
    expect(await asked).toEqual(BASIC);
  });

  // The reference's texts: people search for them.
  test.each([
    ['echo some failure; exit 3', 'err: exit status 3, out: `some failure`'],
    ['exit 1', 'err: exit status 1, out: ``'],
    ['echo no credentials server URL; exit 1', 'err: no credentials server URL, out:'],
    ['echo no credentials username; exit 1', 'err: no credentials username, out:'],
    ['kill -9 $$', 'err: signal: SIGKILL'],
    [`echo '${NOT_FOUND} today'; exit 1`, 'err: exit status 1'],
    ['exec yes 2> /dev/null', 'exceeded maximum allowed size'],
  ])('%s: %s', async (script, expected) => {
    const { message, hint } = await failureOf((await ask(script)).asked);
    expect(message).toContain('error getting credentials - ');
    expect(message).toContain(expected);
    expect(hint).toContain('docker-credential-stub');
  });

  test.each([
    `${FOUND}; exit 1`,
    `echo oops; ${FOUND}; exit 1`,
    `echo '{"Username":"u","Secret":"${SECRET}'`,
    `echo '{"Username":"u","Secret":${SECRET}}'`,
    `echo ${SECRET}`,
    'exit 0',
  ])('shows no secret: %s', async (script) => {
    expect((await failureOf((await ask(script)).asked)).message).not.toContain(SECRET);
  });

  test('a missing helper is an error', async () => {
    const environment = { PATH: await temporaryDirectory() };
    const error = await failureOf(askCredentialHelper('missing', 'h', { environment }));
    expect(error.message).toContain(
      'err: exec: "docker-credential-missing": executable file not found in $PATH, out: ``',
    );
  });

  test('so is one that is not executable', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'docker-credential-plain'), '');
    const environment = { PATH: `${directory}${delimiter}${directory}` };
    const error = await failureOf(askCredentialHelper('plain', 'h', { environment }));
    expect(error.message).toContain('error getting credentials - ');
  });

  test.each(['', '../x', 'a/b', 'a\\b', 'a\0b', 'a'.repeat(300)])(
    'refuses the name %j',
    async (name) => {
      const asked = askCredentialHelper(name, 'h', { environment: process.env });
      expect((await failureOf(asked)).message).toContain(`"${name}"`);
    },
  );

  test('names a helper that hangs', async () => {
    const { asked } = await ask('exec sleep 600', { timeout: 50 });
    expect((await failureOf(asked)).message).toContain('docker-credential-stub');
  });

  test('waits no longer for a process that the helper left behind', async () => {
    const { asked } = await ask(`sleep 5 & ${FOUND}`, { timeout: 500 });
    expect((await failureOf(asked)).message).toContain('docker-credential-stub');
  });

  test('kills the helper when the signal is aborted, and ends with its reason', async () => {
    const fifo = join(await temporaryDirectory(), 'alive');
    await promisify(execFile)('mkfifo', [fifo]);
    const life = createReadStream(fifo);
    const controller = new AbortController();
    const reason = new Error('enough');
    const { signal } = controller;
    const { asked } = await ask(`exec 9> '${fifo}'; echo up >&9; exec sleep 600`, { signal });
    await once(life, 'readable');
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
    // The pipe ends when its only writer does.
    expect(await text(life)).toBe('up\n');
  });

  test('is not even started when the signal was aborted before', async () => {
    const { asked, directory } = await ask('echo > "$DIR/started"', {
      signal: AbortSignal.abort(),
    });
    await expect(asked).rejects.toHaveProperty('name', 'AbortError');
    await expect(access(join(directory, 'started'))).rejects.toHaveProperty('code', 'ENOENT');
  });
});

describe('what changes a helper', () => {
  const NOTE = `printf '%s ' "$*" >> "$DIR/calls"; cat >> "$DIR/calls"; printf '|' >> "$DIR/calls"`;

  /** A helper that notes what it is asked before it runs the script. */
  async function open(script: string) {
    const directory = await temporaryDirectory();
    const path = await writeHelper(directory, 'stub', `${NOTE}; ${script}`);
    const options = { environment: { ...process.env, PATH: path, DIR: directory } };
    return { options, calls: () => readFile(join(directory, 'calls'), 'utf8') };
  }

  test('store gets one line of JSON', async () => {
    const { options, calls } = await open('exit 0');
    const password = 'p:w "é\n';
    await storeInCredentialHelper(
      'stub',
      'h:5000',
      { kind: 'basic', user: 'u', password },
      options,
    );
    // Bytes of the reference, but for the password.
    expect(await calls()).toBe(
      `store {"ServerURL":"h:5000","Username":"u","Secret":"p:w \\"é\\n"}\n|`,
    );
  });

  test.each([
    ['quay.io', 'exit 0', true, 'erase quay.io|'],
    ['quay.io', `echo ${NOT_FOUND}; exit 1`, false, 'erase quay.io|'],
    ['docker.io', 'exit 0', true, 'erase docker.io|erase https://index.docker.io/v1/|'],
    [
      'docker.io',
      `tail -c 9 "$DIR/calls" | grep -q /v1 || { echo ${NOT_FOUND}; exit 1; }`,
      true,
      'erase docker.io|erase https://index.docker.io/v1/|',
    ],
  ])('erase of %s from a helper that does %s: %s', async (registry, script, isErased, expected) => {
    const { options, calls } = await open(script);
    expect(await eraseFromCredentialHelper('stub', registry, options)).toBe(isErased);
    expect(await calls()).toBe(expected);
  });

  test.each([
    [`echo '{"h:5000":"u","quay.io":"v"}'`, ['h:5000', 'quay.io']],
    [`echo '{}'`, []],
    [`echo ${NOT_FOUND}; exit 1`, []],
  ])('list from a helper that does %s', async (script, servers) => {
    const { options, calls } = await open(script);
    expect(await listCredentialHelper('stub', options)).toEqual(servers);
    expect(await calls()).toBe('list unused|');
  });

  test('failures say what was attempted, and nothing of the password', async () => {
    const { options } = await open('cat "$DIR/calls"; exit 3');
    const credentials = { kind: 'basic', user: 'u', password: SECRET } as const;
    const stored = await failureOf(storeInCredentialHelper('stub', 'h', credentials, options));
    expect(stored.message).toBe('error storing credentials - err: exit status 3');
    const erased = await failureOf(eraseFromCredentialHelper('stub', 'h', options));
    expect(erased.message).toMatch(/^error erasing credentials - err: exit status 3/);
    const listed = await failureOf(listCredentialHelper('stub', options));
    expect(listed.message).toMatch(/^error listing credentials - err: exit status 3/);
    expect(JSON.stringify([stored, erased, listed])).not.toContain(SECRET);
  });
});
