/** Writes JSON byte for byte as Go's encoding/json does, so that digests agree. */

/**
 * A Go struct is an object here: its members are written in the order given, undefined ones left
 * out. A Go map is a Map: its keys are written in the order of their UTF-8 bytes.
 */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | Map<string, Json>
  | RawJson
  | JsonStruct;

export interface JsonStruct {
  readonly [name: string]: Json | undefined;
}

/** Go's `json.RawMessage`: valid JSON that keeps its spelling of numbers, strings and their order. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Compact UTF-8 without a final newline. */
export function encodeJson(value: Json): Uint8Array {
  return Buffer.from(encodeJsonText(value));
}

/** Go's `omitempty` for strings, slices and maps: nothing where there is nothing in it. */
export function omitEmpty<T extends string | readonly Json[] | Map<string, Json>>(
  value: T | undefined,
): T | undefined {
  const size = value instanceof Map ? value.size : value?.length;
  return size === 0 ? undefined : value;
}

/** Go's `map[string]string` with `omitempty`. */
export function stringMap(
  record: Readonly<Record<string, string>> | undefined,
): Map<string, Json> | undefined {
  const entries = Object.entries(record ?? {});
  return entries.length === 0 ? undefined : new Map(entries);
}

/** The same as text. */
export function encodeJsonText(value: Json): string {
  if (typeof value === 'string') return encodeString(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(encodeJsonText).join(',')}]`;
  if (value instanceof RawJson) return escapeHtml(compact(value.text));
  if (value instanceof Map) return encodeMembers([...value].sort(byUtf8));
  return encodeMembers(Object.entries(value));
}

const isList: (value: unknown) => value is readonly Json[] = Array.isArray;

function encodeMembers(members: readonly (readonly [string, Json | undefined])[]): string {
  const written = members.flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeString(name)}:${encodeJsonText(value)}`],
  );
  return `{${written.join(',')}}`;
}

function byUtf8([left]: readonly [string, Json], [right]: readonly [string, Json]): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** Characters that stand for themselves in all of JSON: all of ASCII but `"`, `&`, `<`, `>`, `\`. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;

/** A string with its quotes. Go reads a lone surrogate as U+FFFD. */
export function encodeString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return escapeHtml(JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')));
}

/** Go escapes what could end a script element, which in JSON stands in strings alone. */
function escapeHtml(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function compact(json: string): string {
  return json.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|\s+/g, (_, string?: string) => string ?? '');
}
