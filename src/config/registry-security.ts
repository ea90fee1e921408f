/** Which registries may be spoken to, and how safely: what registries.conf says when a push asks. */
import { OcipushError } from '../errors.ts';
import type { RegistriesConf } from './registries-conf.ts';
import { ruleFor } from './registry-rules.ts';
import type { Warn } from './warn.ts';

/** `insecure`: any certificate will do, and plain HTTP where HTTPS fails. */
export type RegistrySecurity = 'secure' | 'insecure';

/**
 * Makes the lookup by repository, `host[:port]/path` as in the reference. The files are read when it
 * is first asked. It fails with OcipushError POLICY_REJECTED for a blocked registry, and with
 * CONFIG_INVALID when a file cannot be used.
 */
export function createSecurityLookup(
  environment: NodeJS.ProcessEnv,
  warn: Warn,
  systemDirectory?: string,
): (repository: string) => Promise<RegistrySecurity> {
  let reading: Promise<RegistriesConf> | undefined;
  return async (repository) => {
    reading ??= import('./registries-conf.ts').then(({ readRegistriesConf }) =>
      readRegistriesConf(environment, warn, systemDirectory),
    );
    const { rules, places } = await reading;
    const rule = ruleFor(rules, repository);
    if (rule?.blocked) throw blocked(rule.prefix, places);
    return rule?.insecure ? 'insecure' : 'secure';
  };
}

function blocked(prefix: string, places: readonly string[]): OcipushError {
  return new OcipushError(
    'POLICY_REJECTED',
    `registry ${prefix} is blocked in one of ${places.join(', ')}`,
    {
      origin: 'config',
      hint: 'push to another registry, or have the administrator allow this one',
    },
  );
}
