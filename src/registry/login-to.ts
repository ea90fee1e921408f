/** Logging in for programs: names instead of what is made of them, and defaults for all the rest. */
import { openAuthStore } from '../config/auth-store.ts';
import { readRegistriesConf } from '../config/registries-conf.ts';
import { warnNobody } from '../config/warn.ts';
import { connectionOptions, type ConnectionWish } from './connection-options.ts';
import { login } from './login.ts';

/** What is left out is as `ocipush login` has it without its flag. */
export interface LoginToRequest extends ConnectionWish {
  /** `host[:port]`, or with a namespace `host[:port]/path`. */
  readonly registry: string;
  readonly user: string;
  readonly password: string;
  /** The file to keep the credentials in. */
  readonly authfile?: string;
  /** The same in Docker's format. */
  readonly compatAuthFile?: string;
  /** Says where configuration and auth files are; `process.env` unless given. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * Checks credentials at the registry, and keeps them for the next push.
 * @returns where they are kept: the path of a file, or `credential helper: NAME`
 * @throws OcipushError REGISTRY_UNAUTHORIZED or REGISTRY_DENIED when they are not accepted,
 * CONFIG_INVALID, FILE_UNWRITABLE, or of the connection
 */
export async function loginTo(request: LoginToRequest): Promise<string> {
  const { registry: key, user, password, environment = process.env } = request;
  const signal = request.signal ?? new AbortController().signal;
  const { credentialHelpers } = await readRegistriesConf(environment, warnNobody);
  return login({
    key,
    registry: key.split('/', 1)[0] ?? key,
    credentials: { kind: 'basic', user, password },
    connection: connectionOptions(request, environment, warnNobody),
    store: await openAuthStore(request, { environment, credentialHelpers, signal }),
    signal,
  });
}
