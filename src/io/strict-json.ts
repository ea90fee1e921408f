/** JSON whose objects must name each member once, for documents in which a slip is dangerous. */
import { OcipushError } from '../errors.ts';
import { parseJson } from './bounded-json.ts';

/** In JSON that is valid: strings, and what gives the text its shape. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g;

/**
 * Parses bytes that must be JSON in UTF-8. `what` names them in the message.
 * @throws OcipushError JSON_INVALID, also when an object has two members of one name
 */
export function parseStrictJson(bytes: Uint8Array, what: string): unknown {
  const value = parseJson(bytes, what);
  const name = repeatedName(new TextDecoder().decode(bytes));
  if (name === undefined) return value;
  throw new OcipushError('JSON_INVALID', `parsing ${what}: Duplicate key ${JSON.stringify(name)}`);
}

function repeatedName(json: string): string | undefined {
  /** Names in the objects around, the innermost last; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let previous = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const name = JSON.parse(previous) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
    previous = token;
  }
  return undefined;
}
