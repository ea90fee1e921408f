/** `ocipush logout`: credentials forgotten, here and in the helpers that keep them. */
import { checkAuthFile } from '../config/auth-lookup.ts';
import { eraseAllCredentials, eraseCredentials } from '../config/auth-store.ts';
import type { Credentials } from '../config/credentials.ts';
import { warnNobody } from '../config/warn.ts';
import { OcipushError } from '../errors.ts';
import { checkCredentials } from '../registry/credential-check.ts';
import { configure } from './configuration.ts';
import type { Host } from './host.ts';
import { openLoginPlace, parseCredentialKey } from './login-place.ts';
import { parseConnectionOptions } from './options/registry.ts';
import type { LogoutInvocation } from './program.ts';
import { line } from './render/wording.ts';

/**
 * Removes what a login has kept; other files than the one that a login writes stay as they are.
 * @throws OcipushError
 */
export async function logoutCommand(
  { registry, flags }: LogoutInvocation,
  lent: Host,
): Promise<void> {
  if (flags.all && registry !== undefined) {
    throw new OcipushError('USAGE', '--all takes no arguments', { origin: 'usage' });
  }
  const host = await configure(lent);
  const named = flags.authfile || flags.compatAuthFile;
  if (named) await checkAuthFile(named);
  const { store, lookup, registries } = await openLoginPlace(flags, host);
  const say = (words: string) => void host.stdout.write(line(words));
  if (flags.all) {
    await eraseAllCredentials(store);
    say('Removed login credentials for all registries');
    return;
  }
  const target = parseCredentialKey(registry, registries);
  if (await eraseCredentials(store, target.key)) {
    say(`Removed login credentials for ${target.key}`);
    return;
  }
  const others = await lookup(target.key);
  if (others === undefined || !(await isValid(others, target.registry, host))) {
    throw new OcipushError('CONFIG_INVALID', `not logged into ${target.key}`, { origin: 'config' });
  }
  say(
    `Not logged into ${target.key} with current tool. Existing credentials were established via docker login. Please use docker logout instead.`,
  );
}

/** Credentials that nobody can check count as none, as in podman. */
async function isValid(credentials: Credentials, registry: string, host: Host): Promise<boolean> {
  const connection = await parseConnectionOptions({}, host, warnNobody);
  return checkCredentials(registry, credentials, connection, host.signal).then(
    () => true,
    () => {
      host.signal.throwIfAborted();
      return false;
    },
  );
}
