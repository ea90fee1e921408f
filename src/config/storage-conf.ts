/** storage.conf: where podman and its relatives keep images; containers-storage.conf(5). */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OcipushError } from '../errors.ts';
import { withoutUndefined } from '../image/json-field.ts';
import { shadowedDropInFiles } from './drop-ins.ts';
import { homeDirectory } from './home.ts';
import { readTomlFile, stringAt, stringsAt, tableAt, type ConfigTable } from './toml-file.ts';
import { warnOfUnknownKeys } from './unknown-keys.ts';
import type { Warn } from './warn.ts';

export interface StorageConf {
  /** `overlay`, `vfs` or any other; undefined when it is what is found in the graph root. */
  readonly driver: string | undefined;
  readonly graphRoot: string;
  /** Where images are kept apart from containers. */
  readonly imageStore: string | undefined;
  /** Further graph roots to read images from. */
  readonly additionalImageStores: readonly string[];
}

/** What the well-known places depend on beside the environment. */
export interface StorageMachine {
  /** Effective, of this process; 0 where there are no user IDs. */
  readonly uid: number;
  /** Where the system's files are, the more important directory first. */
  readonly systemDirectories: readonly string[];
}

const DEFAULT_GRAPH_ROOT = '/var/lib/containers/storage';

/** Every graph root that has been used has it. */
const LOCK_FILE = 'storage.lock';

const STORAGE_KEYS = `
driver driver_priority graphroot imagestore options rootless_storage_path runroot transient_store
`;

/** Those of older versions, too; the tables of single drivers among them are not looked at. */
const OPTIONS_KEYS = `
additionalimagestores additionallayerstores aufs auto-userns-max-size auto-userns-min-size btrfs
disable-volatile force_mask ignore_chown_errors inodes mount_program mountopt ostree_repo overlay
override_kernel_check pull_options remap-gids remap-group remap-uids remap-user
root-auto-userns-user size skip_mount_home thinpool vfs zfs
`;

/** What a file says. */
interface Settings {
  readonly driver?: string;
  readonly graphRoot?: string;
  /** That of a file which is not the user's own. */
  readonly sharedGraphRoot?: string;
  readonly imageStore?: string;
  readonly rootlessStoragePath?: string;
  readonly additionalImageStores?: readonly string[];
}

/** Who looks for images, what paths may refer to, and who is told of unknown keys. */
interface User {
  /** Of the user outside of `podman unshare`; 0 is root with root's storage. */
  readonly uid: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly warn: Warn;
}

/**
 * The storage that podman 5 uses for the same user and environment: CONTAINERS_STORAGE_CONF alone,
 * else the user's file, else the system's, which says little to a user; then drop-ins. Of keys that
 * nobody knows `warn` is told.
 * @throws OcipushError CONFIG_INVALID
 */
export async function readStorageConf(
  environment: NodeJS.ProcessEnv,
  warn: Warn,
  machine: StorageMachine = thisMachine(),
): Promise<StorageConf> {
  const uid = Number(environment['_CONTAINERS_ROOTLESS_UID'] ?? machine.uid);
  const user = { uid, environment, warn };
  const named = environment['CONTAINERS_STORAGE_CONF'];
  const files = named ? [await readNamedMain(named, user)] : await readFiles(user, machine);
  const override = environment['CONTAINERS_STORAGE_CONF_OVERRIDE'];
  if (override) files.push(await readNamed(override, warn));
  const settings: Settings = Object.assign({}, ...files);
  const options = environment['STORAGE_OPTS'];
  return {
    driver: driverName(environment['STORAGE_DRIVER'] || settings.driver),
    graphRoot: await graphRootOf(settings, user),
    imageStore: settings.imageStore && expand(settings.imageStore, user),
    additionalImageStores: options
      ? imageStoresOf(options.split(','))
      : (settings.additionalImageStores ?? []).map((path) => expand(path, user)),
  };
}

/** The image stores among options of a driver, `overlay.imagestore=/path` and the like. */
export function imageStoresOf(options: readonly string[]): readonly string[] {
  return options.flatMap((option) => {
    const [, path = ''] = /^(?:\w*\.)?(?:additional)?imagestore=(.+)$/.exec(option.trim()) ?? [];
    return path === '' ? [] : [path];
  });
}

/** The one name of a driver that has two. */
export function driverName(name: string | undefined): string | undefined {
  return name === 'overlay2' ? 'overlay' : name || undefined;
}

async function readFiles(user: User, machine: StorageMachine): Promise<Settings[]> {
  const isRootless = user.uid !== 0;
  const own = userDirectory(user);
  const ownFile =
    own === undefined ? undefined : await readSettings(join(own, 'storage.conf'), user.warn);
  const kind = isRootless ? 'rootless' : 'rootful';
  const dropInNames = ['storage.conf.d', `storage.${kind}.conf.d`];
  const directories = [...machine.systemDirectories.toReversed(), ...(own ? [own] : [])];
  const dropIns = await shadowedDropInFiles(
    directories.flatMap((directory) => dropInNames.map((name) => join(directory, name))),
  );
  const main = ownFile ?? (await readSystemFile(machine, user));
  return [main, ...(await Promise.all(dropIns.map((path) => readNamed(path, user.warn))))];
}

/** A user without an own file shares what the storage library takes over (getRootlessStorageOpts). */
async function readSystemFile(machine: StorageMachine, { uid, warn }: User): Promise<Settings> {
  for (const directory of machine.systemDirectories) {
    const settings = await readSettings(join(directory, 'storage.conf'), warn);
    if (settings === undefined) continue;
    if (uid === 0) return settings;
    const { driver, rootlessStoragePath, graphRoot } = settings;
    return withoutUndefined<Settings>({ driver, rootlessStoragePath, sharedGraphRoot: graphRoot });
  }
  return {};
}

async function readNamedMain(path: string, { uid, warn }: User): Promise<Settings> {
  const { graphRoot, ...settings } = await readNamed(path, warn);
  if (graphRoot === undefined) return settings;
  return uid === 0 ? { ...settings, graphRoot } : { ...settings, sharedGraphRoot: graphRoot };
}

/** Root has a file of its own only where the environment says so. */
function userDirectory({ uid, environment }: User): string | undefined {
  const configHome = environment['XDG_CONFIG_HOME'];
  if (configHome) return join(configHome, 'containers');
  const home = uid === 0 ? undefined : homeDirectory(environment);
  return home === undefined ? undefined : join(home, '.config/containers');
}

async function readNamed(path: string, warn: Warn): Promise<Settings> {
  const settings = await readSettings(path, warn);
  if (settings) return settings;
  throw invalid(`loading storage configuration ${JSON.stringify(path)}: no such file or directory`);
}

/** Only the keys that the file has: those of an earlier file stay as they are. */
async function readSettings(path: string, warn: Warn): Promise<Settings | undefined> {
  const file = await readTomlFile(path);
  if (file === undefined) return undefined;
  const storage = tableAt(file, 'storage');
  warnOfUnknownKeys(file, 'storage', warn);
  warnOfUnknownKeys(storage, STORAGE_KEYS, warn);
  warnOfUnknownKeys(tableAt(storage, 'options'), OPTIONS_KEYS, warn);
  return settingsOf(storage);
}

function settingsOf(storage: ConfigTable): Settings {
  return withoutUndefined<Settings>({
    driver: stringAt(storage, 'driver'),
    graphRoot: stringAt(storage, 'graphroot'),
    imageStore: stringAt(storage, 'imagestore'),
    rootlessStoragePath: stringAt(storage, 'rootless_storage_path'),
    additionalImageStores: stringsAt(tableAt(storage, 'options'), 'additionalimagestores'),
  });
}

/**
 * For a user, podman before 5.8 ignores the graph root of a file that is not the user's own, and
 * later ones obey it: the one that has been used is the one.
 */
async function graphRootOf(settings: Settings, user: User): Promise<string> {
  if (settings.graphRoot !== undefined) return expand(settings.graphRoot, user);
  const wished = user.uid === 0 ? undefined : settings.rootlessStoragePath;
  const usual = expand(wished ?? defaultGraphRoot(user), user);
  if (settings.sharedGraphRoot === undefined || (await isUsed(usual))) return usual;
  const shared = expand(settings.sharedGraphRoot, user);
  return (await isUsed(shared)) ? shared : usual;
}

function defaultGraphRoot({ uid, environment }: User): string {
  if (uid === 0) return DEFAULT_GRAPH_ROOT;
  const home = homeDirectory(environment);
  const dataHome = environment['XDG_DATA_HOME'] || (home && join(home, '.local/share'));
  if (dataHome) return join(dataHome, 'containers/storage');
  throw invalid('the storage of this user cannot be found: it has no home directory');
}

async function isUsed(graphRoot: string): Promise<boolean> {
  return stat(join(graphRoot, LOCK_FILE)).then(
    () => true,
    () => false,
  );
}

/** As in the reference, `$UID` is that of the user, whatever the environment says. */
function expand(path: string, { uid, environment }: User): string {
  return path.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_match, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    if (name === 'UID') return String(uid);
    return (name === 'HOME' ? homeDirectory(environment) : environment[name]) ?? '';
  });
}

function invalid(message: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', message, {
    origin: 'config',
    hint: 'correct the path, or name the storage itself: containers-storage:[overlay@/path]NAME',
  });
}

function thisMachine(): StorageMachine {
  return {
    uid: process.geteuid?.() ?? 0,
    systemDirectories: ['/etc/containers', '/usr/share/containers'],
  };
}
