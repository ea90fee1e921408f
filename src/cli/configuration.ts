/** What containers.conf gives a command: defaults of its flags, and a share of its environment. */
import { readContainersConf } from '../config/containers-conf.ts';
import type { EngineConf } from '../config/engine-conf.ts';
import { OcipushError } from '../errors.ts';
import type { Host } from './host.ts';
import { convertSetting } from './setting.ts';

export interface ConfiguredHost extends Host {
  readonly conf: EngineConf;
}

/**
 * Reads the configuration, and adds the variables in it to those that the process has already.
 * @throws OcipushError CONFIG_INVALID
 */
export async function configure(host: Host): Promise<ConfiguredHost> {
  const conf = await readContainersConf(host.environment);
  return { ...host, conf, environment: { ...variablesOf(conf), ...host.environment } };
}

function variablesOf({ env }: EngineConf): Record<string, string> {
  return env ? convertSetting(env, parseVariables) : {};
}

function parseVariables(lines: readonly string[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of lines) {
    const equals = line.indexOf('=');
    if (equals < 1) {
      throw new OcipushError(
        'USAGE',
        `invalid environment variable for engine ${line}, valid configuration is KEY=value pair`,
      );
    }
    // Of several the first one is set, and a variable that is set stays.
    variables[line.slice(0, equals)] ??= line.slice(equals + 1);
  }
  return variables;
}
