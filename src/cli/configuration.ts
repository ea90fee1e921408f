/** What containers.conf gives a command: defaults of its flags, and a share of its environment. */
import { readContainersConf } from '../config/containers-conf.ts';
import type { EngineConf } from '../config/engine-conf.ts';
import type { Host } from './host.ts';
import { warnOn } from './render/wording.ts';

export interface ConfiguredHost extends Host {
  readonly conf: EngineConf;
}

/**
 * Reads the configuration, and adds the variables in it to those that the process has already. What
 * is no variable there is warned of, as in podman.
 * @throws OcipushError CONFIG_INVALID
 */
export async function configure(host: Host): Promise<ConfiguredHost> {
  const warn = warnOn(host.stderr);
  const conf = await readContainersConf(host.environment, warn);
  return {
    ...host,
    conf,
    environment: { ...variablesOf(conf, warn), ...host.environment },
  };
}

function variablesOf({ env }: EngineConf, warn: (message: string) => void): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of env?.value ?? []) {
    const equals = line.indexOf('=');
    if (equals < 1) {
      warn(
        `invalid environment variable for engine ${line}, valid configuration is KEY=value pair: ${env?.place()}`,
      );
      continue;
    }
    // Of several the first one is set, and a variable that is set stays.
    variables[line.slice(0, equals)] ??= line.slice(equals + 1);
  }
  return variables;
}
