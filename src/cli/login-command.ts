/** `ocipush login`: credentials that the registry accepts, kept for the next command. */
import { join } from 'node:path';
import type { AuthFileTarget } from '../config/auth-file-paths.ts';
import { storeCredentials } from '../config/auth-store.ts';
import type { BasicCredentials } from '../config/credentials.ts';
import { homeDirectory } from '../config/home.ts';
import { OcipushError, wrapError } from '../errors.ts';
import { checkCredentials } from '../registry/credential-check.ts';
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
  const connection = await parseConnectionOptions(flags, host);
  const check = async (credentials: BasicCredentials): Promise<OcipushError | undefined> =>
    refusalOf(checkCredentials(target.registry, credentials, connection, host.signal), key);
  if (stored !== undefined && !flags.username && password === undefined) {
    say(`Authenticating with existing credentials for ${key}`);
    if ((await check(stored)) === undefined) {
      say(`Existing credentials are valid. Already logged in to ${target.registry}`);
      return;
    }
    say('Existing credentials are invalid, please enter valid username and password');
  }
  const credentials = await completeLogin(flags.username, password, stored?.user, host);
  const refusal = await check(credentials);
  if (refusal !== undefined) throw refusal;
  if (isDockersOwn(store.file, host.environment)) {
    warn(
      'saving credentials to ~/.docker/config.json, but not in the format of docker: name it with --compat-auth-file',
    );
  }
  const place = await storeCredentials(store, key, credentials);
  // Two blanks, as in podman.
  if (flags.verbose) say(`Used:  ${place}`);
  say('Login Succeeded!');
}

/**
 * Why the registry does not accept credentials; undefined when it does.
 * @throws OcipushError when it did not say
 */
async function refusalOf(check: Promise<void>, key: string): Promise<OcipushError | undefined> {
  try {
    await check;
    return undefined;
  } catch (error) {
    if (error instanceof OcipushError && error.code === 'REGISTRY_UNAUTHORIZED')
      return refused(key);
    const failure = wrapError(error, `authenticating creds for ${JSON.stringify(key)}`, {
      code: 'REGISTRY_UNREACHABLE',
      origin: 'destination',
    });
    if (failure.code === 'REGISTRY_DENIED') return failure;
    throw failure;
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

function refused(key: string): OcipushError {
  return new OcipushError(
    'REGISTRY_UNAUTHORIZED',
    `logging into ${JSON.stringify(key)}: invalid username/password`,
    {
      origin: 'destination',
      hint: 'check both; an account that may use single repositories only may be refused here, and yet push with --creds',
    },
  );
}
