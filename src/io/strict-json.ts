/** JSON whose objects must name each member once, for documents in which a slip is dangerous. */
import { isUtf8 } from 'node:buffer';
import { OcipushError } from '../errors.ts';
import { parseJson } from './bounded-json.ts';
import { jsonFault } from './json-fault.ts';
import { lineAt } from './json-line.ts';

/** In JSON that is valid: strings, and what gives the text its shape. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g;

/**
 * Parses bytes that must be JSON in UTF-8. `what` names them in the message.
 * @throws OcipushError JSON_INVALID, also when an object has two members of one name
 */
export function parseStrictJson(bytes: Uint8Array, what: string): unknown {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const value = parse(bytes, text, what);
  const repeated = repeatedName(text);
  if (repeated === undefined) return value;
  const place = `line ${lineAt(text, repeated.index)}`;
  const problem = `Duplicate key ${JSON.stringify(repeated.name)}`;
  throw new OcipushError('JSON_INVALID', `parsing ${what}: ${place}: ${problem}`);
}

function parse(bytes: Uint8Array, text: string, what: string): unknown {
  try {
    return parseJson(bytes, what);
  } catch (error) {
    const fault = isUtf8(bytes) ? jsonFault(text, (error as Error).cause) : 'not UTF-8 text';
    throw new OcipushError('JSON_INVALID', `parsing ${what}: ${fault}`, { cause: error });
  }
}

function repeatedName(json: string): { name: string; index: number } | undefined {
  /** Names in the objects around, the innermost last; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let previous = { token: '', index: 0 };
  for (const { 0: token, index } of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const name = JSON.parse(previous.token) as string;
      const names = open.at(-1);
      if (names?.has(name)) return { name, index: previous.index };
      names?.add(name);
    }
    previous = { token, index };
  }
  return undefined;
}
