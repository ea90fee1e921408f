/** How JSON is built, told before it is parsed: what is parsed takes many times the memory of its text. */

/** Arrays and objects in each other at most, as in Go's encoding/json. */
const MAX_DEPTH = 10_000;

/** Values in all: a manifest of usual descriptors has no room for so many. */
const MAX_VALUES = 100_000;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** What is wrong with how a document is built; undefined for one that may be parsed. */
export function shapeProblem(json: Uint8Array): string | undefined {
  let [depth, values] = [0, 0];
  let isString = false;
  for (let place = 0; place < json.length; place += 1) {
    const byte = json[place] ?? 0;
    if (isString) {
      if (byte === BACKSLASH) place += 1;
      else if (byte === QUOTE) isString = false;
      continue;
    }
    if (byte === QUOTE) isString = true;
    else if (byte === COMMA) values += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    else if (OPENING.has(byte)) {
      values += 1;
      depth += 1;
      if (depth > MAX_DEPTH) return 'exceeded max depth';
    }
    if (values > MAX_VALUES) return `more than ${MAX_VALUES} values`;
  }
  return undefined;
}
