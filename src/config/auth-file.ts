/** One file of credentials: containers' auth.json, docker's config.json, or the older .dockercfg. */
import { OcipushError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { readToEnd } from '../io/file-reader.ts';
import { jsonLine, type JsonPath } from '../io/json-line.ts';
import { memberName, memberOf, parseSecretJson, typeName } from './secret-json.ts';
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

/** What a file holds before anything in it is looked at. */
export interface AuthJson {
  readonly object: JsonObject;
  readonly text: string;
  /** As {@link AuthFile.name}. */
  readonly name: string;
}

const FILE_LIMIT = 4 * 1024 * 1024;
const HINT = 'correct it, or replace it by logging in again';

/**
 * Reads the file at `path`, at most 4 MiB; undefined when there is none.
 * @throws OcipushError CONFIG_INVALID; its cause is the file system's error where there is one
 */
export async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  const json = await readAuthJson(path);
  return json && authFileOf(json);
}

/**
 * The same as JSON, of which nothing has been checked.
 * @throws as {@link readAuthFile}
 */
export async function readAuthJson(path: string): Promise<AuthJson | undefined> {
  const name = `JSON file "${path}"`;
  try {
    return parseAuthJson(await readToEnd(path, FILE_LIMIT, name), name);
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
 * @throws OcipushError CONFIG_INVALID naming the file, the line and the key
 */
export function parseAuthFile(bytes: Uint8Array, name: string): AuthFile {
  return authFileOf(parseAuthJson(bytes, name));
}

function parseAuthJson(bytes: Uint8Array, name: string): AuthJson {
  return { object: parseSecretJson(bytes, name, HINT), text: Buffer.from(bytes).toString(), name };
}

/** What a file says. @throws as {@link parseAuthFile} */
export function authFileOf(json: AuthJson): AuthFile {
  const { name, object: top } = json;
  const flat = isFlat(top);
  const whole: Part = { value: top, json, path: [], label: '' };
  const entries = new Map<string, AuthEntry>();
  for (const [key, entry] of flat ? elementsOf(whole) : elementsOf(memberIn(whole, 'auths'))) {
    entries.set(key, parseEntry(entry));
  }
  const credHelpers = new Map<string, string>();
  for (const [host, helper] of elementsOf(memberIn(whole, 'credHelpers'))) {
    credHelpers.set(host, stringOf(helper) ?? '');
  }
  const credsStore = stringOf(memberIn(whole, 'credsStore'));
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

/** A value in a file, and where it is. */
interface Part {
  readonly value: unknown;
  readonly json: AuthJson;
  readonly path: JsonPath;
  /** `auths["quay.io"].auth`; empty for all of the file. */
  readonly label: string;
}

function parseEntry(entry: Part): AuthEntry {
  const member = (key: string) => stringOf(memberIn(entry, key));
  return {
    auth: member('auth'),
    identityToken: member('identitytoken'),
    username: member('username'),
    password: member('password'),
  };
}

function memberIn(part: Part, key: string): Part {
  const object = objectOf(part);
  const path = [...part.path, memberName(object, key)];
  const label = part.label === '' ? key : `${part.label}.${key}`;
  return { ...part, value: memberOf(object, key), path, label };
}

/** Those of an object in which anybody may choose the names. */
function elementsOf(part: Part): readonly (readonly [name: string, element: Part])[] {
  return Object.entries(objectOf(part)).map(([name, value]) => {
    const label = part.label === '' ? name : `${part.label}["${name}"]`;
    return [name, { ...part, value, path: [...part.path, name], label }];
  });
}

function objectOf(part: Part): JsonObject {
  const { value } = part;
  if (value === undefined || value === null) return {};
  if (isJsonObject(value)) return value;
  throw wrongType('an object', part);
}

/** An empty string says as little as no string. */
function stringOf(part: Part): string | undefined {
  const { value } = part;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw wrongType('a string', part);
}

function wrongType(expected: string, { value, json, path, label }: Part): OcipushError {
  const place = `line ${jsonLine(json.text, path)}, at ${label}`;
  const message = `reading ${json.name}: ${place}: expected ${expected}, found ${typeName(value)}`;
  return new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint: HINT });
}
