/** The table `[engine]` of containers.conf, as far as it speaks of a push; containers.conf(5). */
import { withoutUndefined } from '../image/json-field.ts';
import { isJsonObject } from '../io/bounded-json.ts';
import { placeIn, tableAt, wrongType, type ConfigTable } from './toml-file.ts';
import { ENGINE_KEYS, TABLES } from './engine-keys.ts';
import { warnOfUnknownKeys } from './unknown-keys.ts';
import type { Warn } from './warn.ts';

/** A value, and the file and key that it comes from, for those who find it wrong later. */
export interface Setting<T> {
  readonly value: T;
  /** Finds the line. */
  readonly place: () => string;
}

/** What is not there was said nowhere; an empty text takes back what an earlier file says. */
export interface EngineConf {
  readonly addCompression?: Setting<readonly string[]>;
  readonly compressionFormat?: Setting<string>;
  readonly compressionLevel?: Setting<number>;
  /** Variables for the process, as `NAME=VALUE`. */
  readonly env?: Setting<readonly string[]>;
  /** A directory, or `storage` for one in local container storage. */
  readonly imageCopyTmpDir?: Setting<string>;
  /** 0 means that the engine chooses. */
  readonly imageParallelCopies?: Setting<number>;
  readonly retry?: Setting<number>;
  /** As Go spells durations. */
  readonly retryDelay?: Setting<string>;
}

/** An array that a later file extends instead of replacing it, while it says so. */
interface Strings extends Setting<readonly string[]> {
  readonly isExtended: boolean;
}

interface Merged extends EngineConf {
  readonly addCompression?: Strings;
  readonly env?: Strings;
}

/**
 * What the files say together, the last one that has a key. Of keys that nobody knows `warn` is told.
 * @throws OcipushError CONFIG_INVALID naming the file and the key of a value of the wrong type
 */
export function mergeEngineConf(tables: readonly ConfigTable[], warn: Warn): EngineConf {
  return tables.reduce<Merged>((merged, table) => {
    const engine = tableAt(table, 'engine');
    warnOfUnknownKeys(table, TABLES, warn);
    warnOfUnknownKeys(engine, ENGINE_KEYS, warn);
    return mergeTable(merged, engine);
  }, {});
}

function mergeTable(merged: Merged, engine: ConfigTable): Merged {
  const said = withoutUndefined<Merged>({
    addCompression: stringsSetting(engine, 'add_compression', merged.addCompression),
    compressionFormat: textSetting(engine, 'compression_format'),
    compressionLevel: setting(engine, 'compression_level', 'a whole number', isInteger),
    env: stringsSetting(engine, 'env', merged.env),
    imageCopyTmpDir: textSetting(engine, 'image_copy_tmp_dir'),
    imageParallelCopies: countSetting(engine, 'image_parallel_copies'),
    retry: countSetting(engine, 'retry'),
    retryDelay: textSetting(engine, 'retry_delay'),
  });
  return { ...merged, ...said };
}

function textSetting(engine: ConfigTable, name: string): Setting<string> | undefined {
  return setting(engine, name, 'a string', (value) => typeof value === 'string');
}

function countSetting(engine: ConfigTable, name: string): Setting<number> | undefined {
  return setting(engine, name, 'a whole number of at least 0', isCount);
}

/** Strings, and perhaps tables such as `{append = true}`, which hold until another file has one. */
function stringsSetting(
  engine: ConfigTable,
  name: string,
  before: Strings | undefined,
): Strings | undefined {
  const expected = 'an array of strings, which may end with {append = true}';
  const array = setting(engine, name, expected, isStringsWithAttributes);
  if (array === undefined) return undefined;
  const attributes = array.value.filter((each) => typeof each !== 'string');
  const own = array.value.filter((each) => typeof each === 'string');
  const isExtended = attributes.at(-1)?.append ?? before?.isExtended ?? false;
  const value = isExtended ? [...(before?.value ?? []), ...own] : own;
  return { value, place: array.place, isExtended };
}

function setting<T>(
  engine: ConfigTable,
  name: string,
  expected: string,
  isWanted: (value: unknown) => value is T,
): Setting<T> | undefined {
  const value = engine.values[name];
  if (value === undefined) return undefined;
  if (!isWanted(value)) throw wrongType(engine, name, expected);
  return { value, place: () => placeIn(engine, name) };
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isCount(value: unknown): value is number {
  return isInteger(value) && value >= 0;
}

interface Attributes {
  readonly append: boolean;
}

function isStringsWithAttributes(value: unknown): value is readonly (string | Attributes)[] {
  return (
    Array.isArray(value) && value.every((each) => typeof each === 'string' || isAttributes(each))
  );
}

function isAttributes(value: unknown): value is Attributes {
  return (
    isJsonObject(value) &&
    Object.keys(value).join(',') === 'append' &&
    typeof value['append'] === 'boolean'
  );
}
