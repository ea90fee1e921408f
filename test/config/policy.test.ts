import { chmod, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ACCEPT_ANYTHING, readPolicy, requirementsFor } from '../../src/config/policy.ts';
import { parsePolicy } from '../../src/config/policy-json.ts';
import { policyOf } from '../support/policies.ts';
import { thrownBy } from '../support/thrown.ts';
import { temporaryDirectory, withoutPermission, writeFiles } from './places.ts';

const USER = 'home/.config/containers/policy.json';
const SYSTEM = 'etc/policy.json';
const POLICY = { default: [{ type: 'reject' }] };

interface Place {
  readonly root: string;
  readonly read: (path?: string) => ReturnType<typeof readPolicy>;
}

async function makePlace(files: Readonly<Record<string, unknown>>): Promise<Place> {
  const root = await temporaryDirectory();
  // What others may not see is said by each test.
  await chmod(root, 0o755);
  await writeFiles(root, files);
  const environment = { HOME: join(root, 'home') };
  const systemDirectory = join(root, 'etc');
  const read = (path?: string) => readPolicy({ path, environment, systemDirectory });
  return { root, read };
}

describe('readPolicy', () => {
  test.each<[files: readonly string[], path: string | undefined, read: string]>([
    [['named', USER, SYSTEM], 'named', 'named'],
    [[USER, SYSTEM], undefined, USER],
    [[SYSTEM], undefined, SYSTEM],
  ])('of %j, with --signature-policy %s: %s', async (files, path, expected) => {
    const { root, read } = await makePlace(Object.fromEntries(files.map((file) => [file, POLICY])));
    const policy = await read(path === undefined ? undefined : join(root, path));
    expect(policy).toMatchObject({ file: join(root, expected), default: POLICY.default });
  });

  test.each([undefined, ''])('accepts anything where there is none, named %j', async (path) => {
    const { read } = await makePlace({});
    expect(await read(path)).toBe(ACCEPT_ANYTHING);
  });

  test.each([
    ['nothing', 'ENOENT', () => Promise.resolve()],
    ['a directory', 'EISDIR', (file: string) => mkdir(file)],
    ['a link to nothing', 'ENOENT', (file: string) => symlink('nowhere', file)],
  ])('does not do without a named file that is %s', async (_, code, make) => {
    const { root, read } = await makePlace({ [USER]: POLICY });
    const file = join(root, 'named');
    await make(file);
    const error = await thrownBy(read(file));
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      message: expect.stringContaining(`open ${file}: `),
      hint: expect.stringMatching(/\S/),
      cause: { code },
    });
  });

  test.each([USER, SYSTEM])('does not pass over %s that leads nowhere', async (place) => {
    const { root, read } = await makePlace({ [place]: POLICY });
    await rm(join(root, place));
    await symlink('nowhere', join(root, place));
    expect(await thrownBy(read())).toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('does not take a system that may not be looked at for one without a policy', async () => {
    const { root, read } = await makePlace({ [SYSTEM]: POLICY });
    const error = await withoutPermission(join(root, 'etc'), () => thrownBy(read()));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', cause: { code: 'EACCES' } });
  });

  test('passes over the home of somebody else', async () => {
    const { root, read } = await makePlace({ [USER]: POLICY, [SYSTEM]: POLICY });
    const policy = await withoutPermission(join(root, 'home'), () => read());
    expect(policy.file).toBe(join(root, SYSTEM));
  });

  test('reads 4 MiB and no more', async () => {
    const { root, read } = await makePlace({
      fits: JSON.stringify(POLICY).padEnd(4 << 20),
      large: JSON.stringify(POLICY).padEnd((4 << 20) + 1),
    });
    expect((await read(join(root, 'fits'))).default).toEqual(POLICY.default);
    const error = await thrownBy(read(join(root, 'large')));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', cause: { code: 'LIMIT_EXCEEDED' } });
  });
});

describe('requirementsFor', () => {
  const text = policyOf({
    a: { '': 'accept', 'x/y': 'accept', x: 'accept' },
    b: { x: 'accept' },
    c: {},
  });
  const policy = parsePolicy(Buffer.from(text), 'p');

  test.each<[transport: string, scopes: readonly string[], place: string]>([
    ['a', ['x/y', 'x'], 'transports["a"]["x/y"]'],
    ['a', ['x/z', 'x'], 'transports["a"]["x"]'],
    ['a', ['y', 'x/y', 'x'], 'transports["a"]["x/y"]'],
    ['a', ['z'], 'transports["a"][""]'],
    ['a', [], 'transports["a"][""]'],
    ['b', ['x'], 'transports["b"]["x"]'],
    ['b', ['z'], 'default'],
    ['b', [], 'default'],
    ['c', ['x'], 'default'],
    ['d', ['x'], 'default'],
  ])('%s %j: %s', (transport, scopes, place) => {
    const type = place === 'default' ? 'reject' : 'insecureAcceptAnything';
    const found = requirementsFor(policy, { transport, scopes });
    expect(found).toEqual({ requirements: [{ type }], place });
  });
});
