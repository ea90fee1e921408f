/** Where credentials are kept for the next command: credential helpers, and one auth file. */
import { OcipushError } from '../errors.ts';
import type { LockWait } from '../io/file-lock.ts';
import { systemClock } from '../io/retry-clock.ts';
import { encodeAuth } from './auth-entry.ts';
import { authFileToChange, type AuthFileFlags, type AuthFileTarget } from './auth-file-paths.ts';
import { changeAuthFile, withEntry, withoutEntries, withoutEntry } from './auth-file-write.ts';
import { readAuthFile, type AuthFile } from './auth-file.ts';
import {
  DOCKER_HUB_SERVER,
  eraseFromCredentialHelper,
  listCredentialHelper,
  storeInCredentialHelper,
} from './credential-helper.ts';
import type { BasicCredentials } from './credentials.ts';
import { AUTH_FILES, joinedError } from './helper-list.ts';

export interface AuthStore {
  readonly file: AuthFileTarget;
  /** `credential-helpers` of registries.conf, in their order. */
  readonly credentialHelpers: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly wait: LockWait;
}

/** What says where credentials are kept. */
export interface AuthStorePlaces {
  readonly environment: NodeJS.ProcessEnv;
  /** As in registries.conf; undefined where that does not say. */
  readonly credentialHelpers: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * The store that a login changes; no file in it is opened yet.
 * @throws OcipushError CONFIG_INVALID as {@link authFileToChange}
 */
export async function openAuthStore(
  flags: AuthFileFlags,
  { environment, credentialHelpers = [AUTH_FILES], signal }: AuthStorePlaces,
): Promise<AuthStore> {
  const file = await authFileToChange(flags, environment);
  return { file, credentialHelpers, environment, wait: { clock: systemClock, signal } };
}

/** What one helper has for one server. */
interface HelperEntry {
  readonly helper: string;
  readonly server: string;
}

/**
 * Keeps credentials under a key, `host[:port][/path]`, in the first place that takes them.
 * @returns that place: the path of a file, or `credential helper: NAME`
 * @throws OcipushError CONFIG_INVALID, FILE_UNWRITABLE; USAGE for a key with a path where such
 * cannot be kept
 */
export async function storeCredentials(
  store: AuthStore,
  key: string,
  credentials: BasicCredentials,
): Promise<string> {
  const errors: unknown[] = [];
  for (const helper of helpersOf(store)) {
    try {
      return helper === AUTH_FILES
        ? await storeInFile(store, key, credentials)
        : await storeInHelper(store, { helper, server: key }, credentials);
    } catch (error) {
      store.wait.signal.throwIfAborted();
      errors.push(error);
    }
  }
  throw errors.length > 0 ? joinedError(errors, 'storing credentials') : noPlace();
}

/**
 * Forgets the credentials of a key wherever {@link storeCredentials} could have put them.
 * @returns false when there were none
 * @throws as {@link storeCredentials}, once all places have been asked
 */
export async function eraseCredentials(store: AuthStore, key: string): Promise<boolean> {
  const { file, wait } = store;
  const server = serverOf(file, key);
  const content = await readAuthFile(file.path);
  const helpers = isNamespaced(server)
    ? []
    : [...externalHelpers(store), ...fileHelpers(store, content, server)];
  const { isErased, errors } = await eraseInHelpers(
    store,
    helpers.map((helper) => ({ helper, server })),
  );
  const isInFile = content?.entries.has(server) === true;
  if (isInFile) await changeAuthFile(file.path, withoutEntry(server), wait);
  if (errors.length > 0) throw joinedError(errors, 'removing credentials');
  return isErased || isInFile;
}

/**
 * Forgets all credentials in the auth file, and in the helpers that it or registries.conf names;
 * which helpers those are stays as it is.
 * @throws as {@link eraseCredentials}
 */
export async function eraseAllCredentials(store: AuthStore): Promise<void> {
  const { file, wait, environment } = store;
  const options = { environment, signal: wait.signal };
  const content = await readAuthFile(file.path);
  const entries = [...(content?.credHelpers ?? [])].map(([server, helper]) => ({ helper, server }));
  for (const helper of [...externalHelpers(store), ...generalHelpers(store, content)]) {
    const servers = await listCredentialHelper(helper, options);
    entries.push(...servers.map((server) => ({ helper, server })));
  }
  const { errors } = await eraseInHelpers(store, entries);
  if (content) await changeAuthFile(file.path, withoutEntries, wait);
  if (errors.length > 0) throw joinedError(errors, 'removing credentials');
}

async function storeInFile(
  store: AuthStore,
  key: string,
  credentials: BasicCredentials,
): Promise<string> {
  const { file, wait } = store;
  const server = serverOf(file, key);
  const content = await readAuthFile(file.path);
  const helper = content?.credHelpers.get(server);
  if (helper !== undefined) return storeInHelper(store, { helper, server }, credentials);
  const [general] = generalHelpers(store, content);
  if (general === undefined) {
    await changeAuthFile(file.path, withEntry(server, { auth: encodeAuth(credentials) }), wait);
    return file.path;
  }
  const place = await storeInHelper(store, { helper: general, server }, credentials);
  // As docker does: an entry that holds nothing, where an older one would be asked first.
  await changeAuthFile(file.path, withEntry(server, {}), wait);
  return place;
}

async function storeInHelper(
  { environment, wait }: AuthStore,
  { helper, server }: HelperEntry,
  credentials: BasicCredentials,
): Promise<string> {
  if (isNamespaced(server)) {
    throw unsupportedKey(`namespaced key is not supported for credential helper ${helper}`);
  }
  const options = { environment, signal: wait.signal };
  await storeInCredentialHelper(helper, server, credentials, options);
  return `credential helper: ${helper}`;
}

async function eraseInHelpers(
  { environment, wait: { signal } }: AuthStore,
  entries: readonly HelperEntry[],
): Promise<{ readonly isErased: boolean; readonly errors: readonly unknown[] }> {
  const errors: unknown[] = [];
  let isErased = false;
  for (const { helper, server } of entries) {
    try {
      const options = { environment, signal };
      isErased = (await eraseFromCredentialHelper(helper, server, options)) || isErased;
    } catch (error) {
      signal.throwIfAborted();
      errors.push(error);
    }
  }
  return { isErased, errors };
}

/** Docker knows nothing of registries.conf. */
function helpersOf({ file, credentialHelpers }: AuthStore): readonly string[] {
  return file.format === 'docker' ? [AUTH_FILES] : credentialHelpers;
}

function externalHelpers(store: AuthStore): readonly string[] {
  return helpersOf(store).filter((helper) => helper !== AUTH_FILES);
}

/** The helpers that a file names for one server. */
function fileHelpers(
  store: AuthStore,
  content: AuthFile | undefined,
  server: string,
): readonly string[] {
  const helper = content?.credHelpers.get(server);
  return helper === undefined ? generalHelpers(store, content) : [helper];
}

/** The helper that docker takes where there is no special one; the reference does not know it. */
function generalHelpers({ file }: AuthStore, content: AuthFile | undefined): readonly string[] {
  return file.format === 'docker' && content?.credsStore !== undefined ? [content.credsStore] : [];
}

/** The key under which a file has the credentials. */
function serverOf({ format }: AuthFileTarget, key: string): string {
  if (format === 'containers') return key;
  if (isNamespaced(key)) {
    throw unsupportedKey(
      `Credentials cannot be recorded in Docker-compatible format with namespaced key ${JSON.stringify(key)}`,
    );
  }
  return key === 'docker.io' ? DOCKER_HUB_SERVER : key;
}

function isNamespaced(key: string): boolean {
  return key !== DOCKER_HUB_SERVER && key.includes('/');
}

function unsupportedKey(message: string): OcipushError {
  return new OcipushError('USAGE', message, {
    origin: 'usage',
    hint: 'name the registry without a namespace, or another file with --authfile',
  });
}

function noPlace(): OcipushError {
  return new OcipushError('CONFIG_INVALID', 'storing credentials: credential-helpers is empty', {
    origin: 'config',
    hint: `list ${AUTH_FILES} there in registries.conf, or leave it out`,
  });
}
