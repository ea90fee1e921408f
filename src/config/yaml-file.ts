/** A file in YAML 1.1, as the reference reads it: there `yes` is true. */
import { isAlias, isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { messageOf } from '../errors.ts';

/** From the top of the file to a value in it. */
export type YamlPath = readonly unknown[];

export interface YamlFile {
  /** Of which maps are `Map`s. */
  readonly value: unknown;
  /** How messages name a key: `line 3, at docker.r.example.lookaside`. */
  readonly place: (path: YamlPath) => string;
}

/** @throws Error whose message begins with the line of the fault */
export function parseYamlFile(bytes: Uint8Array): YamlFile {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const lineCounter = new LineCounter();
  // The messages of the parser would quote the text over several lines.
  const document = parseDocument(text, { version: '1.1', prettyErrors: false, lineCounter });
  const [fault] = document.errors;
  if (fault) {
    const { line, col } = lineCounter.linePos(fault.pos[0]);
    throw new Error(`line ${line}, column ${col}: ${messageOf(fault)}`);
  }
  return {
    value: document.toJS({ mapAsMap: true }) as unknown,
    place: (path) => {
      const offset = offsetOf(document, path);
      const key = path.map(String).join('.');
      return offset === undefined
        ? `at ${key}`
        : `line ${lineCounter.linePos(offset).line}, at ${key}`;
    },
  };
}

/** Where the last key of a path stands; undefined where it comes from elsewhere, such as a merge. */
function offsetOf(document: Document, path: YamlPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const name of path) {
    const map = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(map)
      ? map.items.find(({ key }) => isScalar(key) && key.value === name)
      : undefined;
    if (!pair || !isScalar(pair.key)) return undefined;
    offset = pair.key.range?.[0];
    node = pair.value;
  }
  return offset;
}
