import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readContainersConf } from '../../src/config/containers-conf.ts';
import { warnNobody } from '../../src/config/warn.ts';
import { temporaryDirectory, writeFiles } from './places.ts';

const PLACES = {
  vendor: 'usr/containers.conf',
  system: 'etc/containers.conf',
  'system drop-in': 'etc/containers.conf.d/50-a.conf',
  'later system drop-in': 'etc/containers.conf.d/60-a.conf',
  user: 'home/.config/containers/containers.conf',
  'user drop-in': 'home/.config/containers/containers.conf.d/10-a.conf',
} as const;

/** Reads on a machine with these files, where each says its own name, in the order of reading. */
async function read(
  files: readonly string[],
  variables: (root: string) => NodeJS.ProcessEnv = () => ({}),
): Promise<{ readonly names: readonly string[] | undefined; readonly last: string | undefined }> {
  const root = await temporaryDirectory();
  const contents = files.map((file) => [
    file,
    `[engine]\nenv = ["${file}", {append=true}]\nretry_delay = "${file}"\n`,
  ]);
  await writeFiles(root, Object.fromEntries(contents) as Record<string, string>);
  const environment = { HOME: join(root, 'home'), ...variables(root) };
  const machine = { vendorDirectory: join(root, 'usr'), systemDirectory: join(root, 'etc') };
  const { env, retryDelay } = await readContainersConf(environment, warnNobody, machine);
  return { names: env?.value, last: retryDelay?.value };
}

describe('readContainersConf', () => {
  test('reads nothing where there is nothing', async () => {
    expect(await read([])).toEqual({ names: undefined, last: undefined });
  });

  test('reads all files, the more special ones later', async () => {
    const files = Object.values(PLACES);
    expect(await read(files.toReversed())).toEqual({ names: files, last: PLACES['user drop-in'] });
  });

  test.each(Object.entries(PLACES))('reads that of the %s alone', async (_, file) => {
    expect(await read([file])).toEqual({ names: [file], last: file });
  });

  test.each([
    ['usr/containers.conf.d/a.conf'],
    ['etc/containers.conf.d/a.toml'],
    ['etc/containers.conf.d/deeper/a.conf'],
    ['home/containers/containers.conf'],
  ])('does not read %s', async (file) => {
    expect(await read([file])).toEqual({ names: undefined, last: undefined });
  });

  test('finds the user where $XDG_CONFIG_HOME says', async () => {
    const moved = [
      'config/containers/containers.conf',
      'config/containers/containers.conf.d/a.conf',
    ];
    const { names } = await read([PLACES.system, PLACES.user, ...moved], (root) => ({
      XDG_CONFIG_HOME: join(root, 'config'),
    }));
    expect(names).toEqual([PLACES.system, ...moved]);
  });

  const everywhere = [...Object.values(PLACES), 'named', 'override'];

  test.each<[variables: Record<string, string>, names: readonly string[]]>([
    [{ CONTAINERS_CONF: 'named' }, ['named']],
    [{ CONTAINERS_CONF: '' }, Object.values(PLACES)],
    [{ CONTAINERS_CONF_OVERRIDE: 'override' }, [...Object.values(PLACES), 'override']],
    [{ CONTAINERS_CONF: 'named', CONTAINERS_CONF_OVERRIDE: 'override' }, ['named', 'override']],
  ])('with %j', async (variables, expected) => {
    const { names } = await read(everywhere, (root) =>
      Object.fromEntries(
        Object.entries(variables).map(([name, file]) => [name, file && join(root, file)]),
      ),
    );
    expect(names).toEqual(expected);
  });

  test('takes /dev/null for a configuration of nothing', async () => {
    const { names } = await read(everywhere, () => ({ CONTAINERS_CONF: '/dev/null' }));
    expect(names).toBeUndefined();
  });

  test.each(['CONTAINERS_CONF', 'CONTAINERS_CONF_OVERRIDE'])('%s must exist', async (variable) => {
    await expect(read([], () => ({ [variable]: '/nowhere/x.conf' }))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      // Podman's text.
      message: `finding config on system: ${variable} file: faccessat /nowhere/x.conf: no such file or directory`,
    });
  });

  test('names the file, the line and the key of broken TOML', async () => {
    const root = await temporaryDirectory();
    await writeFiles(root, { 'x.conf': '[engine]\nretry = 3\ncompression_format = zstd\n' });
    const environment = { HOME: root, CONTAINERS_CONF: join(root, 'x.conf') };
    await expect(readContainersConf(environment, warnNobody)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        /^loading configuration ".*\/x\.conf": line 3, column \d+, at compression_format: /,
      ),
    });
  });
});
