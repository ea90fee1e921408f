/** One file of credentials: containers' auth.json, docker's config.json, or the older .dockercfg. */
import { createReadStream } from 'node:fs';
import { OcipushError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { collect } from '../io/bytes.ts';
import { memberOf, parseSecretJson, typeName } from './secret-json.ts';
import { isAbsent, systemReason } from '../io/system-error.ts';

/** What a file says of one key; decoded by `credentialsOf` only when the key is the one wanted. */
export interface AuthEntry {
  /** Base64 of `user:password`. */
  readonly auth: string | undefined;
  readonly identityToken: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface AuthFile {
  /** How messages call it, `JSON file "/path"`. */
  readonly name: string;
  readonly entries: ReadonlyMap<string, AuthEntry>;
  /** Suffix of the program `docker-credential-…` by `host[:port]`. */
  readonly credHelpers: ReadonlyMap<string, string>;
  /** The same suffix for every other registry. */
  readonly credsStore: string | undefined;
  /** The .dockercfg shape, whose keys name registries only, never namespaces. */
  readonly flat: boolean;
}

const FILE_LIMIT = 4 * 1024 * 1024;
const HINT = 'correct it, or replace it by logging in again';

/**
 * Reads the file at `path`, at most 4 MiB; undefined when there is none.
 * @throws OcipushError CONFIG_INVALID; its cause is the file system's error where there is one
 */
export async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  const top = await readAuthJson(path);
  return top && authFileOf(top, fileName(path));
}

/**
 * The same as JSON, of which nothing has been checked.
 * @throws as {@link readAuthFile}
 */
export async function readAuthJson(path: string): Promise<JsonObject | undefined> {
  const name = fileName(path);
  try {
    const bytes = await collect(createReadStream(path), FILE_LIMIT, name);
    return parseSecretJson(bytes, name, HINT);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (error instanceof OcipushError && error.code === 'CONFIG_INVALID') throw error;
    const message =
      error instanceof OcipushError ? error.message : `reading ${name}: ${systemReason(error)}`;
    throw new OcipushError('CONFIG_INVALID', message, {
      origin: 'config',
      hint: 'make it a regular file of yours that you may read',
      cause: error,
    });
  }
}

/**
 * Parses the bytes of a file (containers-auth.json(5)). A file without `auths` whose members are
 * credential entries has the .dockercfg shape.
 * @throws OcipushError CONFIG_INVALID naming the file and the key
 */
export function parseAuthFile(bytes: Uint8Array, name: string): AuthFile {
  return authFileOf(parseSecretJson(bytes, name, HINT), name);
}

/** What a file says. @throws as {@link parseAuthFile} */
export function authFileOf(top: JsonObject, name: string): AuthFile {
  const flat = isFlat(top);
  const entries = new Map<string, AuthEntry>();
  for (const [key, value] of Object.entries(flat ? top : objectMember(top, 'auths', name))) {
    entries.set(key, parseEntry(value, flat ? key : `auths["${key}"]`, name));
  }
  const credHelpers = new Map<string, string>();
  for (const [host, helper] of Object.entries(objectMember(top, 'credHelpers', name))) {
    credHelpers.set(host, stringValue(helper, `credHelpers["${host}"]`, name) ?? '');
  }
  const credsStore = stringValue(memberOf(top, 'credsStore'), 'credsStore', name);
  return { name, entries, credHelpers, credsStore, flat };
}

/**
 * The entry for a repository `host[:port]/path`: exact keys first, the most specific one deciding
 * even when it is empty; then keys that mean the same registry.
 */
export function findEntry(
  file: AuthFile,
  repository: string,
): { readonly key: string; readonly entry: AuthEntry } | undefined {
  const registry = registryOf(repository);
  for (const key of file.flat ? [registry] : keysOf(repository)) {
    const entry = file.entries.get(key);
    if (entry) return { key, entry };
  }
  const wanted = normaliseKey(registry, file.flat);
  for (const [key, entry] of file.entries) {
    if (normaliseKey(key, file.flat) === wanted) return { key, entry };
  }
  return undefined;
}

/** `host[:port]` of a repository. */
export function registryOf(repository: string): string {
  return repository.split('/', 1)[0] ?? repository;
}

/** How messages call a file. */
function fileName(path: string): string {
  return `JSON file "${path}"`;
}

function keysOf(repository: string): readonly string[] {
  const parts = repository.split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

function normaliseKey(key: string, flat: boolean): string {
  const address = key.replace(/^http:\/\//, '').replace(/^https:\/\//, '');
  const host = flat || address !== key ? registryOf(address) : address;
  return host === 'docker.io' || host === 'registry-1.docker.io' ? 'index.docker.io' : host;
}

/** Whether a file has the .dockercfg shape. */
export function isFlat(top: JsonObject): boolean {
  if (memberOf(top, 'auths') !== undefined) return false;
  const values = Object.values(top);
  return (
    values.every(isJsonObject) && values.some((value) => memberOf(value, 'auth') !== undefined)
  );
}

function parseEntry(value: unknown, where: string, name: string): AuthEntry {
  const entry = objectValue(value, where, name);
  const member = (key: string) => stringValue(memberOf(entry, key), `${where}.${key}`, name);
  return {
    auth: member('auth'),
    identityToken: member('identitytoken'),
    username: member('username'),
    password: member('password'),
  };
}

function objectMember(object: JsonObject, key: string, name: string): JsonObject {
  return objectValue(memberOf(object, key), key, name);
}

function objectValue(value: unknown, where: string, name: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (isJsonObject(value)) return value;
  throw wrongType('an object', value, where, name);
}

/** An empty string says as little as no string. */
function stringValue(value: unknown, where: string, name: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw wrongType('a string', value, where, name);
}

function wrongType(expected: string, found: unknown, where: string, name: string): OcipushError {
  const message = `reading ${name}: ${where}: expected ${expected}, found ${typeName(found)}`;
  return new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint: HINT });
}
