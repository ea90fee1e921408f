/** Takes a JSON object apart without reading its values, as Go does into a map of `json.RawMessage`. */
import { RawJson } from './json-encoder.ts';

const STRING_OR_MARK = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;

/**
 * The members of an object, whose text must be known to be valid JSON. However deep it is, the
 * stack is not.
 */
export function rawMembers(object: string): Map<string, RawJson> {
  const members = new Map<string, RawJson>();
  let depth = 0;
  let name: string | undefined;
  let start = 0;
  for (const { 0: token, index } of object.matchAll(STRING_OR_MARK)) {
    if (token === '{' || token === '[') depth += 1;
    if (depth === 1) {
      if (token === ':') start = index + 1;
      else if (token.startsWith('"')) name ??= readName(token);
      else if (name !== undefined && (token === ',' || token === '}')) {
        members.set(name, new RawJson(object.slice(start, index)));
        name = undefined;
      }
    }
    if (token === '}' || token === ']') depth -= 1;
  }
  return members;
}

/** Go reads a lone surrogate as U+FFFD, which a name must be before it is looked up. */
function readName(token: string): string {
  return Buffer.from(String(JSON.parse(token))).toString();
}
