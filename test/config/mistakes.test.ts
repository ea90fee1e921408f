/** Mistakes in configuration files: each message names the file, the line and the key. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAuthFile } from '../../src/config/auth-file.ts';
import { readContainersConf } from '../../src/config/containers-conf.ts';
import { readPolicy } from '../../src/config/policy.ts';
import { readRegistriesConf } from '../../src/config/registries-conf.ts';
import { readRegistriesD } from '../../src/config/registries-d.ts';
import { readStorageConf } from '../../src/config/storage-conf.ts';
import type { Warn } from '../../src/config/warn.ts';
import { thrownBy } from '../support/thrown.ts';
import { temporaryDirectory, writeFiles } from './places.ts';

/** Reads the one file that there is, below `root`. */
type Read = (root: string, warn: Warn) => Promise<unknown>;

const FILES: Readonly<Record<string, Read>> = {
  'containers.conf': (root, warn) =>
    readContainersConf({ CONTAINERS_CONF: join(root, 'containers.conf') }, warn),
  'storage.conf': (root, warn) =>
    readStorageConf({ CONTAINERS_STORAGE_CONF: join(root, 'storage.conf'), HOME: root }, warn),
  'registries.conf': (root, warn) => readRegistriesConf({}, warn, root),
  'auth.json': (root) => readAuthFile(join(root, 'auth.json')),
  'policy.json': (root) => readPolicy({ environment: {}, systemDirectory: root }),
  'a.yaml': (root, warn) =>
    readRegistriesD({ environment: {}, systemDirectory: root, uid: 0, warn }),
};

/** What `read` makes of a file with these lines. */
async function outcomeOf(name: string, lines: readonly string[]) {
  const root = await temporaryDirectory();
  await writeFiles(root, { [name]: lines.join('\n') });
  const warnings: string[] = [];
  const reading = FILES[name]?.(root, (message) => warnings.push(message));
  return { path: join(root, name), warnings, reading };
}

describe('what cannot be read', () => {
  test.each<[name: string, lines: readonly string[], line: number, key: string]>([
    // Text of another format.
    ['containers.conf', ['[engine]', 'retry = '], 2, 'at retry'],
    ['storage.conf', ['[storage]', '', 'driver = overlay'], 3, 'at driver'],
    ['registries.conf', ['[[registry]]', 'location = "a', '"'], 2, 'at location'],
    ['auth.json', ['{', '  "auths": {}', '  "credHelpers": {}', '}'], 3, 'column 3'],
    ['policy.json', ['{', '  "default": []', '  "transports": {}', '}'], 3, 'column 3'],
    ['policy.json', ['{', '  "default": [],', '  "default": []', '}'], 3, 'key "default"'],
    ['a.yaml', ['docker:', '  a.test: {', '  b: ['], 3, 'column'],
    // Values of another type.
    ['containers.conf', ['[engine]', '# many', 'retry = "3"'], 3, 'at engine.retry'],
    ['containers.conf', ['engine = 1'], 1, 'at engine'],
    ['containers.conf', ['[engine]', 'env = [', '  "A=b",', ']', 'retry = []'], 5, 'engine.retry'],
    ['containers.conf', ['engine.env = [', '  "A=b",', '  1', ']'], 1, 'at engine.env'],
    [
      'containers.conf',
      ['[containers]', 'x = """', 'retry = 1', '"""', '[engine]', 'retry = ""'],
      6,
      'at engine.retry',
    ],
    ['storage.conf', ['[storage]', 'graphroot = 1'], 2, 'at storage.graphroot'],
    [
      'storage.conf',
      ['[storage.options]', 'additionalimagestores = "/a"'],
      2,
      'at storage.options.additionalimagestores',
    ],
    [
      'registries.conf',
      ['unqualified-search-registries = 1'],
      1,
      'at unqualified-search-registries',
    ],
    [
      'registries.conf',
      [
        '[[registry]]',
        'location = "a.test"',
        '[[registry.mirror]]',
        'location = "m.test"',
        '[[registry]]',
        'location = 1',
      ],
      6,
      'at registry[1].location',
    ],
    ['registries.conf', ['[aliases]', '"a" = 1'], 2, 'at aliases.a'],
    [
      'auth.json',
      ['{"auths": {', '  "a.test": {"auth": "YTpi"},', '  "b.test": {"auth": 1}', '}}'],
      3,
      'at auths["b.test"].auth',
    ],
    [
      'auth.json',
      ['{"auths": {}, "Auths": {},', '"credHelpers": {"a.test": []}}'],
      2,
      'at credHelpers["a.test"]',
    ],
    [
      'policy.json',
      ['{', '"default": [', '  {"type": "reject"},', '  {"type": 1}]}'],
      4,
      'at default[1].type',
    ],
    [
      'policy.json',
      ['{', '"default": [{"type": "reject"}],', '"transports": {"oci": {', '"": []}}}'],
      4,
      'at transports["oci"][""]',
    ],
    ['policy.json', ['{"default": [', '{"type": "reject",', '"typ": 1}]}'], 3, 'Unknown key "typ"'],
    ['a.yaml', ['docker:', '  a.test:', '    lookaside: []'], 3, 'at docker.a.test.lookaside'],
    ['a.yaml', ['default-docker:', '- x'], 1, 'at default-docker'],
  ])('in %s, %j: line %i, %s', async (name, lines, line, key) => {
    const { path, reading } = await outcomeOf(name, lines);
    expect(await thrownBy(reading ?? Promise.resolve())).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        new RegExp(`${escape(path)}.*\\bline ${line}[,:].*${escape(key)}`),
      ),
    });
  });
});

describe('a key that nobody knows', () => {
  test.each<[name: string, lines: readonly string[], place: string]>([
    ['containers.conf', ['[engine]', '', 'retri = 3'], 'line 3, at engine.retri'],
    ['containers.conf', ['[engin]', 'retry = 3'], 'line 1, at engin'],
    ['storage.conf', ['[storage]', 'graph_root = "/a"'], 'line 2, at storage.graph_root'],
    ['storage.conf', ['[storage.options]', 'x = 1'], 'line 2, at storage.options.x'],
    ['storage.conf', ['graphroot = "/a"'], 'line 1, at graphroot'],
    [
      'registries.conf',
      ['[[registry]]', 'location = "a.test"', 'blokked = true'],
      'line 3, at registry[0].blokked',
    ],
    ['registries.conf', ['search = []'], 'line 1, at search'],
    [
      'registries.conf',
      ['[registries.insecur]', 'registries = []'],
      'line 1, at registries.insecur',
    ],
    [
      'a.yaml',
      ['docker:', '  a.test:', '    lookasid: file:///a'],
      'line 3, at docker.a.test.lookasid',
    ],
    ['a.yaml', ['dokker: {}'], 'line 1, at dokker'],
  ])('in %s, %j is told: %s', async (name, lines, place) => {
    const { path, warnings, reading } = await outcomeOf(name, lines);
    await reading;
    expect(warnings).toEqual([`ignoring an unknown key: ${JSON.stringify(path)}: ${place}`]);
  });

  test.each<[name: string, lines: readonly string[]]>([
    ['containers.conf', ['[engine]', 'cgroup_manager = "x"', '[engine.runtimes]', 'x = []']],
    ['containers.conf', ['[network]', 'x = 1', '[machine]', 'y = 1', '[farms.list]', 'z = []']],
    ['storage.conf', ['[storage]', 'runroot = "/a"', '[storage.options.overlay]', 'x = 1']],
    ['registries.conf', ['short-name-mode = "enforcing"', '[[registry]]', 'location = "a"']],
    ['a.yaml', ['docker: {a.test: {sigstore: "file:///a", sigstore-staging: "file:///b"}}']],
  ])('is none that only others read: in %s, %j', async (name, lines) => {
    const { warnings, reading } = await outcomeOf(name, lines);
    await reading;
    expect(warnings).toEqual([]);
  });
});

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
