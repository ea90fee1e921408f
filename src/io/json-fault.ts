/** Tells where a text stops being JSON, without a word of what stands there. */
import { messageOf } from '../errors.ts';

/** Where the parser's error says, or hides, that `text` stops being JSON. */
export function jsonFault(text: string, error: unknown): string {
  const offset = faultOffset(text, messageOf(error));
  if (offset >= text.length) return 'unexpected end of JSON input';
  const lines = text.slice(0, offset).split('\n');
  return `invalid JSON at line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

/**
 * Where `text` stops being JSON. For an unexpected token V8 quotes the text and gives no position:
 * the token is the last character of the shortest beginning of the text with the same fault.
 */
function faultOffset(text: string, message: string): number {
  if (!isTokenFault(message)) {
    const position = /at position (\d+)/.exec(message)?.[1];
    return position === undefined ? text.length : Number(position);
  }
  let sound = 0;
  let faulty = text.length;
  while (faulty - sound > 1) {
    const middle = Math.floor((sound + faulty) / 2);
    if (hasTokenFault(text.slice(0, middle))) faulty = middle;
    else sound = middle;
  }
  return faulty - 1;
}

function hasTokenFault(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return isTokenFault(messageOf(error));
  }
}

function isTokenFault(message: string): boolean {
  return message.startsWith('Unexpected token');
}
