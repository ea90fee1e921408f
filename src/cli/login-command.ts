/** `ocipush login`: credentials that the registry accepts, kept for the next command. */
import { join } from 'node:path';
import type { AuthFileTarget } from '../config/auth-file-paths.ts';
import { homeDirectory } from '../config/home.ts';
import { OcipushError } from '../errors.ts';
import { checkLogin, isLoginRefusal, login, type LoginCheck } from '../registry/login.ts';
import { configure } from './configuration.ts';
import type { Host } from './host.ts';
import { completeLogin, givenPassword } from './login-credentials.ts';
import { openLoginPlace, parseCredentialKey } from './login-place.ts';
import { parseConnectionOptions } from './options/registry.ts';
import type { LoginInvocation } from './program.ts';
import { line } from './render/wording.ts';

/**
 * Checks credentials at the registry and keeps them; what it does not accept changes nothing.
 * @throws OcipushError
 */
export async function loginCommand(
  { registry, flags }: LoginInvocation,
  lent: Host,
): Promise<void> {
  const host = await configure(lent);
  const { store, lookup, registries, warn } = await openLoginPlace(flags, host);
  const target = parseCredentialKey(registry, registries);
  const { key } = target;
  const say = (words: string) => void host.stdout.write(line(words));
  const stored = await lookup(key);
  if (stored?.kind === 'identity-token') throw holdsIdentityToken();
  if (flags.getLogin) {
    if (stored === undefined) throw notLoggedIn(key);
    say(stored.user);
    return;
  }
  const password = await givenPassword(flags, host);
  const connection = await parseConnectionOptions(flags, host, warn);
  const whom = { ...target, connection, signal: host.signal };
  if (stored !== undefined && !flags.username && password === undefined) {
    say(`Authenticating with existing credentials for ${key}`);
    if (await isAccepted({ ...whom, credentials: stored })) {
      say(`Existing credentials are valid. Already logged in to ${target.registry}`);
      return;
    }
    say('Existing credentials are invalid, please enter valid username and password');
  }
  const credentials = await completeLogin(flags.username, password, stored?.user, host);
  const place = await login({ ...whom, credentials, store });
  if (isDockersOwn(store.file, host.environment)) {
    warn(
      'saved credentials in ~/.docker/config.json, but not in the format of docker: name it with --compat-auth-file',
    );
  }
  // Two blanks, as in podman.
  if (flags.verbose) say(`Used:  ${place}`);
  say('Login Succeeded!');
}

/** @throws OcipushError when the registry did not say */
async function isAccepted(check: LoginCheck): Promise<boolean> {
  try {
    await checkLogin(check);
    return true;
  } catch (error) {
    if (isLoginRefusal(error)) return false;
    throw error;
  }
}

function isDockersOwn({ path, format }: AuthFileTarget, environment: NodeJS.ProcessEnv): boolean {
  const home = homeDirectory(environment);
  return (
    format === 'containers' && home !== undefined && path === join(home, '.docker', 'config.json')
  );
}

function notLoggedIn(key: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', `not logged into ${key}`, {
    origin: 'config',
    hint: `log in first: ocipush login ${key}`,
  });
}

function holdsIdentityToken(): OcipushError {
  return new OcipushError(
    'CONFIG_INVALID',
    'currently logged in, auth file contains an Identity token',
    { origin: 'config', hint: 'log out first to log in as somebody else' },
  );
}
