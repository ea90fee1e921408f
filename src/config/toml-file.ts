/** Configuration files in TOML: read whole, their values checked where they are taken. */
import { parse, TomlError, type TomlTable } from 'smol-toml';
import { messageOf, OcipushError } from '../errors.ts';
import { isJsonObject } from '../io/bounded-json.ts';
import { readToEnd } from '../io/file-reader.ts';
import { isAbsent, systemReason } from '../io/system-error.ts';
import { tomlLines, tomlPath } from './toml-lines.ts';

/** A table of a file, and how messages call it. */
export interface ConfigTable {
  /** `/etc/containers/storage.conf`. */
  readonly file: string;
  /** `storage.options`; empty for the file itself. */
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Of the whole file. */
  readonly text: string;
}

/** Far more than any such file has. */
const FILE_LIMIT = 4 * 1024 * 1024;

/**
 * Reads the file at `path`, at most 4 MiB; undefined when there is none. It may be a pipe, or
 * `/dev/null` for who wants nothing configured.
 * @throws OcipushError CONFIG_INVALID
 */
export async function readTomlFile(path: string): Promise<ConfigTable | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readToEnd(path, FILE_LIMIT);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    const message = `loading configuration ${JSON.stringify(path)}: ${systemReason(error)}`;
    throw invalid(message, 'make it a file that you may read');
  }
  return parseToml(bytes, path);
}

/** @throws OcipushError CONFIG_INVALID naming the file, the line, and the key that stands on it */
export function parseToml(bytes: Uint8Array, file: string): ConfigTable {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const values: TomlTable = parse(text);
    return { file, path: '', values, text };
  } catch (error) {
    const fault = faultOf(error, Buffer.from(bytes).toString());
    throw invalid(`loading configuration ${JSON.stringify(file)}: ${fault}`, 'correct it');
  }
}

/** A table inside a table; an empty one when it is not there. @throws OcipushError CONFIG_INVALID */
export function tableAt(table: ConfigTable, name: string): ConfigTable {
  const value = table.values[name] ?? {};
  if (!isJsonObject(value)) throw wrongType(table, name, 'a table');
  return { ...table, path: tomlPath(table.path, name), values: value };
}

/** Undefined when it is not there or empty. @throws OcipushError CONFIG_INVALID */
export function stringAt(table: ConfigTable, name: string): string | undefined {
  const value = table.values[name] ?? '';
  if (typeof value !== 'string') throw wrongType(table, name, 'a string');
  return value === '' ? undefined : value;
}

/** Undefined when it is not there. @throws OcipushError CONFIG_INVALID */
export function stringsAt(table: ConfigTable, name: string): readonly string[] | undefined {
  const value = table.values[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw wrongType(table, name, 'an array of strings');
}

/** False when it is not there. @throws OcipushError CONFIG_INVALID */
export function booleanAt(table: ConfigTable, name: string): boolean {
  const value = table.values[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw wrongType(table, name, 'true or false');
}

/** All tables of an array of them; none when it is not there. @throws OcipushError CONFIG_INVALID */
export function tablesAt(table: ConfigTable, name: string): readonly ConfigTable[] {
  const value = table.values[name] ?? [];
  if (!Array.isArray(value) || !value.every(isJsonObject)) {
    throw wrongType(table, name, 'an array of tables');
  }
  return value.map((values, index) => ({
    ...table,
    path: `${tomlPath(table.path, name)}[${index}]`,
    values,
  }));
}

/** smol-toml quotes the lines around the fault below its first line. */
function faultOf(error: unknown, text: string): string {
  const [fault = ''] = messageOf(error).split('\n', 1);
  if (!(error instanceof TomlError)) return fault;
  const line = text.split('\n')[error.line - 1] ?? '';
  const key = /^\s*([\w."'-]+)\s*=/.exec(line)?.[1];
  const where = `line ${error.line}, column ${error.column}`;
  return `${where}${key === undefined ? '' : `, at ${key}`}: ${fault}`;
}

/** How messages name a key: `"/etc/containers/containers.conf": line 3, at engine.retry`. */
export function placeIn({ file, path, text }: ConfigTable, name: string): string {
  const key = tomlPath(path, name);
  const line = tomlLines(text).get(key);
  return `${JSON.stringify(file)}: ${line === undefined ? '' : `line ${line}, `}at ${key}`;
}

/** The error of a key whose value is not what is expected. */
export function wrongType(table: ConfigTable, name: string, expected: string): OcipushError {
  return invalid(
    `loading configuration ${placeIn(table, name)}: expected ${expected}`,
    'correct it',
  );
}

function invalid(message: string, hint: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint });
}
