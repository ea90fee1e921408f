/** Logging in: credentials that a registry accepts, kept for the next command. */
import { storeCredentials, type AuthStore } from '../config/auth-store.ts';
import type { BasicCredentials } from '../config/credentials.ts';
import { OcipushError, wrapError } from '../errors.ts';
import type { RegistryOptions } from './options.ts';

export interface LoginCheck {
  /** `host[:port]`: who checks the credentials. */
  readonly registry: string;
  /** `host[:port][/path]`: what they are, or would be, kept under. */
  readonly key: string;
  readonly credentials: BasicCredentials;
  readonly connection: Omit<RegistryOptions, 'credentialsFor'>;
  readonly signal: AbortSignal;
}

export interface LoginRequest extends LoginCheck {
  readonly store: AuthStore;
}

/**
 * Checks credentials and keeps them; what the registry does not accept changes nothing.
 * @returns where they are kept: the path of a file, or `credential helper: NAME`
 * @throws OcipushError as {@link checkLogin} and {@link storeCredentials}
 */
export async function login(request: LoginRequest): Promise<string> {
  await checkLogin(request);
  return storeCredentials(request.store, request.key, request.credentials);
}

/**
 * @throws OcipushError REGISTRY_UNAUTHORIZED or REGISTRY_DENIED when the registry does not accept
 * the credentials; what kept it from saying so
 */
export async function checkLogin(check: LoginCheck): Promise<void> {
  const { registry, key, credentials, connection, signal } = check;
  // Programs that never log in need no HTTP client for it.
  const { checkCredentials } = await import('./credential-check.ts');
  try {
    await checkCredentials(registry, credentials, connection, signal);
  } catch (error) {
    if (error instanceof OcipushError && error.code === 'REGISTRY_UNAUTHORIZED') {
      throw refused(key, error);
    }
    throw wrapError(error, `authenticating creds for ${JSON.stringify(key)}`, {
      code: 'REGISTRY_UNREACHABLE',
      origin: 'destination',
    });
  }
}

/** Whether an error of {@link checkLogin} is the registry's no. */
export function isLoginRefusal(error: unknown): boolean {
  return (
    error instanceof OcipushError &&
    (error.code === 'REGISTRY_UNAUTHORIZED' || error.code === 'REGISTRY_DENIED')
  );
}

function refused(key: string, cause: OcipushError): OcipushError {
  const message = `logging into ${JSON.stringify(key)}: invalid username/password`;
  return new OcipushError('REGISTRY_UNAUTHORIZED', message, {
    origin: 'destination',
    hint: 'check both; an account that may use single repositories only may be refused here, and yet push with --creds',
    cause,
  });
}
