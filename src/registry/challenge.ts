/** Reads WWW-Authenticate: which kinds of authentication a server offers, and where. */

/** RFC 9110, 11.6.1; scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/y;
const PARAMETER = /[ \t]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*=[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
/** Wider than a token on purpose: some servers leave URLs unquoted. */
const UNQUOTED = /[^\s",]+/y;

/**
 * All challenges of all header lines in the order of the server. What is malformed ends the
 * reading of its line.
 */
export function parseChallenges(lines: readonly string[]): readonly Challenge[] {
  return lines.flatMap(parseLine);
}

function parseLine(line: string): Challenge[] {
  const challenges: Challenge[] = [];
  let position = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(line);
    if (found) position = pattern.lastIndex;
    return found;
  };
  const skip = /[ \t,]*/y;
  for (match(skip); position < line.length; match(skip)) {
    const parameter = challenges.length > 0 ? match(PARAMETER) : null;
    if (!parameter) {
      const scheme = match(TOKEN);
      if (!scheme) break;
      challenges.push({ scheme: scheme[0].toLowerCase(), parameters: new Map() });
      continue;
    }
    const quoted = match(QUOTED);
    const value = quoted ? quoted[1]?.replaceAll(/\\(.)/g, '$1') : match(UNQUOTED)?.[0];
    if (value === undefined) break;
    const parameters = challenges.at(-1)?.parameters as Map<string, string>;
    const name = (parameter[1] ?? '').toLowerCase();
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return challenges;
}
