/** Finds the credentials for a repository as `podman push` does: helpers, then file after file. */
import { access } from 'node:fs/promises';
import { messageOf, OcipushError } from '../errors.ts';
import { credentialsOf } from './auth-entry.ts';
import { findEntry, parseAuthFile, readAuthFile, registryOf, type AuthFile } from './auth-file.ts';
import { authFilePaths, type AuthFilePath } from './auth-file-paths.ts';
import { askCredentialHelper } from './credential-helper.ts';
import type { CredentialLookup, Credentials } from './credentials.ts';
import { AUTH_FILES, joinedError } from './helper-list.ts';
import { onceEach } from './warn.ts';
import { systemCode, systemReason } from '../io/system-error.ts';

export interface AuthLookupOptions {
  /** `--authfile` as typed: then no other file is read. */
  readonly authfile?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** `credential-helpers` of registries.conf, asked in this order. */
  readonly credentialHelpers?: readonly string[] | undefined;
  /** Told, once, of each thing that was skipped. */
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Reads a file when it is first asked for, and only then. */
type LazyFile = () => Promise<AuthFile | undefined>;

/**
 * Makes the lookup, without a look at the disk. The lookup fails with OcipushError CONFIG_INVALID
 * when a file is broken or a helper fails.
 */
export function createAuthFileLookup(options: AuthLookupOptions): CredentialLookup {
  const quiet = { ...options, warn: onceEach(options.warn) };
  const files = memoise(() => lazyFiles(quiet));
  return (repository) => {
    const helpers = options.credentialHelpers ?? [AUTH_FILES];
    return firstAnswer(helpers, options.signal, async (helper) =>
      helper === AUTH_FILES
        ? searchFiles(await files(), repository, quiet)
        : askCredentialHelper(helper, registryOf(repository), options),
    );
  };
}

/** @throws OcipushError CONFIG_INVALID when there is no auth file where a flag says so */
export async function checkAuthFile(path: string): Promise<void> {
  try {
    await access(path);
  } catch (error) {
    const message = `credential file is not accessible: faccessat ${path}: ${systemReason(error)}`;
    throw new OcipushError('CONFIG_INVALID', message, {
      origin: 'config',
      hint: 'correct --authfile, or log in with the same --authfile first',
      cause: error,
    });
  }
}

/** The reference's order: a helper that fails matters only when no other has an answer. */
async function firstAnswer(
  helpers: readonly string[],
  signal: AbortSignal | undefined,
  ask: (helper: string) => Promise<Credentials | undefined>,
): Promise<Credentials | undefined> {
  const errors: unknown[] = [];
  for (const helper of helpers) {
    try {
      const found = await ask(helper);
      if (found) return found;
    } catch (error) {
      signal?.throwIfAborted();
      errors.push(error);
    }
  }
  if (errors.length === 0) return undefined;
  throw joinedError(errors, 'looking up credentials');
}

async function searchFiles(
  files: readonly LazyFile[],
  repository: string,
  options: AuthLookupOptions,
): Promise<Credentials | undefined> {
  for (const read of files) {
    const file = await read();
    const found = file && (await searchFile(file, repository, options));
    if (found) return found;
  }
  return undefined;
}

async function searchFile(
  file: AuthFile,
  repository: string,
  options: AuthLookupOptions,
): Promise<Credentials | undefined> {
  const registry = registryOf(repository);
  const helper = file.credHelpers.get(registry);
  if (helper !== undefined) return askCredentialHelper(helper, registry, options);
  const match = findEntry(file, repository);
  const where = `credential entry "${match?.key}" in ${file.name}`;
  const found = match && credentialsOf(match.entry, where, options.warn);
  if (found || file.credsStore === undefined) return found;
  try {
    return await askCredentialHelper(file.credsStore, registry, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // Podman does not read this member: a push that works there must not fail here for it.
    options.warn(`asking the credsStore of ${file.name}: ${messageOf(error)}`);
    return undefined;
  }
}

async function lazyFiles(options: AuthLookupOptions): Promise<readonly LazyFile[]> {
  const { authfile, environment, warn } = options;
  const text = authfile ? undefined : environment['DOCKER_AUTH_CONFIG'];
  const variable: LazyFile[] = text
    ? [memoise(async () => parseAuthFile(Buffer.from(text), '$DOCKER_AUTH_CONFIG'))]
    : [];
  const paths = await authFilePaths(authfile, environment, warn);
  return [...variable, ...paths.map((path) => memoise(() => readFile(path, warn)))];
}

async function readFile(
  { path, namedBy }: AuthFilePath,
  warn: (message: string) => void,
): Promise<AuthFile | undefined> {
  try {
    const file = await readAuthFile(path);
    if (file === undefined && namedBy === '$REGISTRY_AUTH_FILE') {
      warn(`the file "${path}" named by ${namedBy} does not exist: going on without credentials`);
    }
    return file;
  } catch (error) {
    const { cause } = error as OcipushError;
    if (namedBy !== undefined || systemCode(cause) !== 'EACCES') throw error;
    // Someone else's leftover in a well-known place, such as root's /run/containers.
    warn(`skipping credentials: ${messageOf(error)}`);
    return undefined;
  }
}

function memoise<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
