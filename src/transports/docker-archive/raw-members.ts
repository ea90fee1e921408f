/** Takes a JSON object apart and leaves the text of its members as it is. */

const WHITESPACE = ' \t\n\r';

/**
 * The members of a JSON object that stands in valid JSON, each as Go writes a `json.RawMessage`:
 * without white space and with `<`, `>` and `&` escaped, but with its numbers, its escapes and the
 * order of its members as they were.
 */
export function rawMembers(object: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let name: string | undefined;
  let value: string[] = [];
  for (const token of tokensOf(object)) {
    const isOutside = depth === 0;
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (isOutside) continue;
    if (depth === 0 || (depth === 1 && token === ',')) {
      if (name !== undefined) members.set(name, value.join(''));
      [name, value] = [undefined, []];
    } else if (name === undefined) {
      name = JSON.parse(token) as string;
    } else if (depth > 1 || token !== ':') {
      value.push(escaped(token));
    }
  }
  return members;
}

/** Strings whole, everything else character by character. */
function* tokensOf(json: string): Generator<string> {
  let position = 0;
  while (position < json.length) {
    const end = json[position] === '"' ? endOfString(json, position) : position + 1;
    const token = json.slice(position, end);
    if (!WHITESPACE.includes(token)) yield token;
    position = end;
  }
}

function endOfString(json: string, start: number): number {
  let position = start + 1;
  while (position < json.length && json[position] !== '"') {
    position += json[position] === '\\' ? 2 : 1;
  }
  return position + 1;
}

function escaped(token: string): string {
  return token.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
