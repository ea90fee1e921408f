/** containers.conf: what administrators and users want of every push; containers.conf(5). */
import { join } from 'node:path';
import { OcipushError } from '../errors.ts';
import { dropInFiles } from './drop-ins.ts';
import { mergeEngineConf, type EngineConf } from './engine-conf.ts';
import { homeDirectory } from './home.ts';
import { readTomlFile, type ConfigTable } from './toml-file.ts';
import type { Warn } from './warn.ts';

/** Where the files of this machine are. */
export interface ContainersConfMachine {
  /** Without drop-ins, and asked first. */
  readonly vendorDirectory: string;
  readonly systemDirectory: string;
}

const FILE_NAME = 'containers.conf';

/**
 * Reads all files, of which later ones change what earlier ones say: the vendor's, the system's with
 * its drop-ins, the user's with theirs. CONTAINERS_CONF takes the place of all these;
 * CONTAINERS_CONF_OVERRIDE comes last, whatever was before. Of keys that nobody knows `warn` is told.
 * @throws OcipushError CONFIG_INVALID
 */
export async function readContainersConf(
  environment: NodeJS.ProcessEnv,
  warn: Warn,
  machine: ContainersConfMachine = thisMachine(process.platform),
): Promise<EngineConf> {
  const { CONTAINERS_CONF: named, CONTAINERS_CONF_OVERRIDE: override } = environment;
  const tables = named
    ? [await readNamed('CONTAINERS_CONF', named)]
    : await readAll(await usualFiles(environment, machine));
  if (override) tables.push(await readNamed('CONTAINERS_CONF_OVERRIDE', override));
  return mergeEngineConf(tables, warn);
}

async function usualFiles(
  environment: NodeJS.ProcessEnv,
  { vendorDirectory, systemDirectory }: ContainersConfMachine,
): Promise<readonly string[]> {
  const user = userDirectory(environment);
  return [
    join(vendorDirectory, FILE_NAME),
    ...(await withDropIns(systemDirectory)),
    ...(user === undefined ? [] : await withDropIns(user)),
  ];
}

async function withDropIns(directory: string): Promise<readonly string[]> {
  return [join(directory, FILE_NAME), ...(await dropInFiles([join(directory, `${FILE_NAME}.d`)]))];
}

function userDirectory(environment: NodeJS.ProcessEnv): string | undefined {
  const configHome = environment['XDG_CONFIG_HOME'];
  if (configHome) return join(configHome, 'containers');
  const home = homeDirectory(environment);
  return home === undefined ? undefined : join(home, '.config', 'containers');
}

async function readAll(files: readonly string[]): Promise<ConfigTable[]> {
  const tables = await Promise.all(files.map(readTomlFile));
  return tables.filter((table) => table !== undefined);
}

async function readNamed(variable: string, path: string): Promise<ConfigTable> {
  const table = await readTomlFile(path);
  if (table) return table;
  throw new OcipushError(
    'CONFIG_INVALID',
    `finding config on system: ${variable} file: faccessat ${path}: no such file or directory`,
    { origin: 'config', hint: `correct ${variable}, or unset it` },
  );
}

function thisMachine(platform: NodeJS.Platform): ContainersConfMachine {
  const root = platform === 'freebsd' ? '/usr/local' : '';
  return {
    vendorDirectory: `${root || '/usr'}/share/containers`,
    systemDirectory: `${root}/etc/containers`,
  };
}
