/** Finds on which lines of a file in TOML its keys stand, which its parser tells of faults only. */
import { parse } from 'smol-toml';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';

/** Far more than a value in such a file has; behind a longer one no line is known. */
const MAX_LINES_OF_VALUE = 1000;

/** What the parser makes of the lines from one key, or the header of a table, to the next. */
interface Statement {
  readonly values: JsonObject;
  readonly isHeader: boolean;
  /** Its first line; the first of a file is 1. */
  readonly line: number;
}

/**
 * The line of each key, and of the tables that have headers, by their paths as messages have them:
 * `engine.retry`, `registry[0].location`. The text must be known to be valid.
 */
export function tomlLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  /** Of arrays of tables: the index of the last that was opened. */
  const indices = new Map<string, number>();
  let table = '';
  for (const { values, isHeader, line } of statementsIn(text.split(/\r?\n/))) {
    if (isHeader) table = openTable(values, indices, (path) => noteLine(lines, path, line));
    else noteKeys(lines, { values, path: table, line });
  }
  return lines;
}

/** The path of what is called `name` in the table at `path`. */
export function tomlPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function* statementsIn(lines: readonly string[]): Generator<Statement> {
  let start = 0;
  while (start < lines.length) {
    let end = start + 1;
    let values = parsed(lines[start] ?? '');
    while (values === undefined) {
      if (end >= lines.length || end - start >= MAX_LINES_OF_VALUE) return;
      end += 1;
      values = parsed(lines.slice(start, end).join('\n'));
    }
    const isHeader = lines[start]?.trimStart().startsWith('[') ?? false;
    yield { values, isHeader, line: start + 1 };
    start = end;
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    return parse(text);
  } catch {
    // It goes on in the next line.
    return undefined;
  }
}

/** Follows the only way that leads through what a header makes. */
function openTable(
  values: JsonObject,
  indices: Map<string, number>,
  note: (path: string) => void,
): string {
  let path = '';
  let [entry] = Object.entries(values);
  while (entry) {
    const [name, value] = entry;
    path = tomlPath(path, name);
    note(path);
    const isArray = Array.isArray(value);
    if (isArray) indices.set(path, (indices.get(path) ?? -1) + 1);
    const index = indices.get(path);
    if (index !== undefined) path = `${path}[${index}]`;
    entry = isJsonObject(value) ? Object.entries(value)[0] : undefined;
  }
  return path;
}

function noteKeys(lines: Map<string, number>, { values, path, line }: NotedKeys): void {
  for (const [name, value] of Object.entries(values)) {
    const key = tomlPath(path, name);
    noteLine(lines, key, line);
    const elements: readonly unknown[] = Array.isArray(value) ? value : [];
    elements.forEach((each, index) => {
      if (isJsonObject(each)) noteKeys(lines, { values: each, path: `${key}[${index}]`, line });
    });
    if (isJsonObject(value)) noteKeys(lines, { values: value, path: key, line });
  }
}

interface NotedKeys {
  readonly values: JsonObject;
  readonly path: string;
  readonly line: number;
}

/** What a header implies has the line of the first one. */
function noteLine(lines: Map<string, number>, path: string, line: number): void {
  if (!lines.has(path)) lines.set(path, line);
}
