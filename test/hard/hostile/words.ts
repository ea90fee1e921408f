/** What may be printed of words that come from outside: nothing that a terminal acts on, and not too much of it. */
import { expect } from 'vitest';
import type { Run } from '../../support/ocipush.ts';

/** Characters of a line at most: several messages in one, each of bounded length, and the text around. */
const LONGEST_LINE = 20_000;

const RAW = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Where V8 and Node say in which line of a program something was thrown. */
const STACK = /^\s+at |node:internal|\.[jt]s:\d+:\d+/m;

/** Text that wants to be more than text: colours, a title, a line that is not ours, letters that run backwards. */
export const EVIL =
  '\u001B[2J\u001B]0;owned\u0007\u009B31m\u0000\r\nError: \u202Egnp.exe\u2066\u200B\u2028x\u0085\u007F\t\uFEFF';

/** The same without what cannot stand in a name of a file, or an argument. */
export const EVIL_NAME = EVIL.replaceAll('\u0000', '');

export const LONG = 'long '.repeat(200_000);

/** Lists in lists, such as a reader that calls itself for each would not survive. */
export const DEEP = `${'['.repeat(300_000)}${']'.repeat(300_000)}`;

/** @throws when anything that was printed is more than text, too long, or tells of the program's insides */
export function checkWords({ stdout, stderr }: Pick<Run, 'stdout' | 'stderr'>): void {
  for (const line of `${stdout}\n${stderr}`.split('\n')) {
    // The start of the line, for whoever reads the failure.
    const start = line.slice(0, 500);
    expect({ start, raw: RAW.exec(line)?.[0] }).toEqual({ start, raw: undefined });
    expect(line.length).toBeLessThan(LONGEST_LINE);
  }
  expect(stderr).not.toMatch(STACK);
}

const FORM = /^Error: [^\n]*\S[^\n]*\n(?:Hint: [^\n]+\n)?(?:See '[^'\n]+'\n)?$/;
const BEFORE = /^(?:(?:Getting|Copying|Copied|Skipped|Mounted|Writing|time="[^"]+" level=).*\n)*/;

/** @throws when standard error has anything else than progress, warnings, and one error after these */
export function checkOneError({ stderr }: Pick<Run, 'stderr'>): void {
  expect(stderr.replace(BEFORE, '')).toMatch(FORM);
}
