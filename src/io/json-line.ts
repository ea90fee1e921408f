/** Finds on which line of a JSON text a member stands: its parser tells no places. */

/** In JSON that is valid: strings, and what gives the text its shape. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;

/** From the outermost value to one in it: names of members, indices of elements. */
export type JsonPath = readonly (string | number)[];

/**
 * The line where what a path leads to begins, the first line being 1; undefined where it leads
 * nowhere. Of several members of one name the last counts, as in the value. The text must be known
 * to be valid JSON; however deep it is, the stack is not.
 */
export function jsonLine(text: string, path: JsonPath): number | undefined {
  /** The member or the element that is being read in each value around, the innermost last. */
  const around: (string | number)[] = [];
  let found: number | undefined;
  let previous = { token: '', index: 0 };
  const note = (index: number): void => {
    const isIt = around.length === path.length && path.every((step, at) => step === around[at]);
    if (isIt) found = index;
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '{') around.push('');
    else if (token === '[') {
      around.push(0);
      note(beginOfNext(text, index));
    } else if (token === '}' || token === ']') around.pop();
    else if (token === ':') {
      around[around.length - 1] = JSON.parse(previous.token) as string;
      note(previous.index);
    } else if (token === ',') {
      const step = around.at(-1);
      if (typeof step === 'number') {
        around[around.length - 1] = step + 1;
        note(beginOfNext(text, index));
      }
    }
    previous = { token, index };
  }
  return found === undefined ? undefined : lineAt(text, found);
}

/** The line, from 1, of what stands at an index of a text. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** Behind a bracket or comma. */
function beginOfNext(text: string, index: number): number {
  let next = index + 1;
  while (/\s/.test(text[next] ?? '')) next += 1;
  return next;
}
