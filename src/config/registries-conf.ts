/** registries.conf: short names, credential helpers, and which registries are blocked or insecure. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OcipushError } from '../errors.ts';
import { isAbsent } from '../io/system-error.ts';
import { dropInFiles } from './drop-ins.ts';
import { homeDirectory } from './home.ts';
import { mergeRegistryRules, type RegistryRule } from './registry-rules.ts';
import { invalidRegistries, isVersion1, readRegistryRules } from './registry-tables.ts';
import { readTomlFile, stringAt, stringsAt, tableAt, type ConfigTable } from './toml-file.ts';
import { warnOfUnknownKeys } from './unknown-keys.ts';
import type { Warn } from './warn.ts';

export interface ShortNames {
  /** Registries, or namespaces at one, where an image with a short name may be. */
  readonly unqualifiedSearchRegistries: readonly string[];
  /** Full repository by short name; both without tag. */
  readonly aliases: ReadonlyMap<string, string>;
}

export interface RegistriesConf extends ShortNames {
  /** Who is asked for credentials, in this order; undefined when no file says. */
  readonly credentialHelpers: readonly string[] | undefined;
  readonly rules: readonly RegistryRule[];
  /** The file and the directories that were read, as messages name them. */
  readonly places: readonly string[];
}

const KEYS = `
additional-layer-store-auth-helper aliases credential-helpers registries registry short-name-mode
unqualified-search-registries
`;
const SYSTEM_DIRECTORY = '/etc/containers';

/**
 * Reads the file and its drop-ins. A user's own file takes the place of the system's and of the
 * system's drop-ins; CONTAINERS_REGISTRIES_CONF and REGISTRIES_CONFIG_PATH name another one. Of keys
 * that nobody knows `warn` is told.
 * @throws OcipushError CONFIG_INVALID
 */
export async function readRegistriesConf(
  environment: NodeJS.ProcessEnv,
  warn: Warn,
  systemDirectory = SYSTEM_DIRECTORY,
): Promise<RegistriesConf> {
  const named = environment['CONTAINERS_REGISTRIES_CONF'] || environment['REGISTRIES_CONFIG_PATH'];
  const home = homeDirectory(environment);
  const user = home === undefined ? undefined : join(home, '.config/containers');
  const hasOwn = user !== undefined && (await exists(join(user, 'registries.conf')));
  const directories = [
    ...(hasOwn && !named ? [] : [systemDirectory]),
    ...(user === undefined ? [] : [user]),
  ];
  const main = named || join(hasOwn ? user : systemDirectory, 'registries.conf');
  const dropInDirectories = directories.map((each) => join(each, 'registries.conf.d'));
  const dropIns = await dropInFiles(dropInDirectories);
  const table = await readTomlFile(main);
  if (table === undefined && named) throw missing(named);
  const others = await Promise.all(dropIns.map(readDropIn));
  const tables = [table, ...others].filter((each) => each !== undefined);
  return { ...merge(tables, warn), places: [main, ...dropInDirectories] };
}

async function readDropIn(path: string): Promise<ConfigTable | undefined> {
  const table = await readTomlFile(path);
  if (table === undefined || !isVersion1(table)) return table;
  throw invalidRegistries(path, 'registry must be in v2 format but is in v1');
}

/** Later files win; an alias for nothing takes an earlier one back. */
function merge(tables: readonly ConfigTable[], warn: Warn): Omit<RegistriesConf, 'places'> {
  let searched: readonly string[] = [];
  let credentialHelpers: readonly string[] | undefined;
  let rules: readonly RegistryRule[] = [];
  const aliases = new Map<string, string>();
  for (const table of tables) {
    warnOfUnknownKeys(table, KEYS, warn);
    searched = searchRegistries(table) ?? searched;
    credentialHelpers = stringsAt(table, 'credential-helpers') ?? credentialHelpers;
    rules = mergeRegistryRules(rules, readRegistryRules(table, warn));
    const entries = tableAt(table, 'aliases');
    for (const name of Object.keys(entries.values)) {
      const repository = stringAt(entries, name);
      if (repository === undefined) aliases.delete(name);
      else aliases.set(name, repository);
    }
  }
  return { unqualifiedSearchRegistries: searched, aliases, credentialHelpers, rules };
}

/** Version 1 of the format has a table of its own for them. */
function searchRegistries(table: ConfigTable): readonly string[] | undefined {
  const current = stringsAt(table, 'unqualified-search-registries');
  if (current !== undefined || !isVersion1(table)) return current;
  return stringsAt(tableAt(tableAt(table, 'registries'), 'search'), 'registries');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => !isAbsent(error),
  );
}

function missing(path: string): OcipushError {
  const hint = 'correct CONTAINERS_REGISTRIES_CONF or REGISTRIES_CONFIG_PATH';
  return invalidRegistries(path, 'no such file or directory', hint);
}
