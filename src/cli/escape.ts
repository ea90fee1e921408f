/** Text from outside made harmless for a terminal and a log. */

/** Control and format characters (so also the ones that reverse text) and exotic line ends. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * The text with every character that a terminal would act on spelled as in Go: `\n`, `\x1b`,
 * `\u202e`. What comes out is one line.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => SHORT[character] ?? codePointEscape(character));
}

/** The text as Go's `%q` prints it: in double quotes, on one line. */
export function goQuote(text: string): string {
  return `"${escapeControls(text.replaceAll(/["\\]/g, String.raw`\$&`))}"`;
}

/** A value as JSON in which the same characters are spelled as JSON does: `\n`, `\u001b`, `\u202e`. */
export function harmlessJson(value: unknown, indentation?: number): string {
  // Most are spelled so already: what is left stands in strings, but for the line ends of an indentation.
  return JSON.stringify(value, undefined, indentation).replaceAll(INVISIBLE, (character) =>
    character === '\n' ? character : character.split('').map(unitEscape).join(''),
  );
}

function unitEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function codePointEscape(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
