/** Damage to JSON that leaves most of it JSON, but what it says is another thing. */
import * as fc from 'fast-check';
import { changed, place, textBytes, type Change } from './mutations.ts';

/** JSON that is valid and seldom expected. */
const ODD_JSON: readonly string[] = [
  ...'null true [] {} "" 0 -1 -0 0.5 1e999 9007199254740993 2 [null] [{}] [[]]'.split(' '),
  ...'"\\ud800" "\\u0000" "\\u001b[2J" "a\\nb" "../../x" "__proto__" "sha256:"'.split(' '),
  ...'{"":null} {"__proto__":{"a":1}} {"toString":1,"valueOf":1}'.split(' '),
  '1'.repeat(400),
  `"${'x'.repeat(5000)}"`,
];

/** What reads JSON by calling itself has no stack left at about 4000. */
const DEPTH = 6000;

/** JSON that is deeper than any stack. */
const DEEP_JSON: readonly string[] = [
  `${'['.repeat(DEPTH)}0${']'.repeat(DEPTH)}`,
  `${'{"a":'.repeat(DEPTH)}0${'}'.repeat(DEPTH)}`,
];

/** The samples, some of them whole, the others with up to four values or members changed. */
export function json(samples: readonly string[]): fc.Arbitrary<Buffer> {
  return fc.oneof(
    {
      weight: 9,
      arbitrary: changed(samples, jsonChange(samples)).map((text) => Buffer.from(text)),
    },
    { weight: 1, arbitrary: textBytes(samples) },
  );
}

function jsonChange(samples: readonly string[]): fc.Arbitrary<Change> {
  const other = fc
    .tuple(fc.constantFrom(...samples), place)
    .map(([sample, at]) => valueAt(sample, at)?.text ?? 'null');
  const value = fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom(...ODD_JSON) },
    { weight: 20, arbitrary: other },
    { weight: 1, arbitrary: fc.constantFrom(...DEEP_JSON) },
  );
  return fc.oneof(
    fc.tuple(place, value).map(([at, text]) => replacing(at, () => text)),
    fc.tuple(place, value).map(([at, text]) => replacing(at, (old) => `[${old},${text}]`)),
    fc.tuple(place, value).map(([at, text]) => replacing(at, (old) => `{"a":${old},"b":${text}}`)),
    fc
      .tuple(place, value, fc.constantFrom(...MEMBER_CHANGES))
      .map(([at, text, change]) => rewriting(at, (name, old) => change(name, old, text))),
  );
}

/** What becomes of a member with a name and a value; another value is at hand. */
const MEMBER_CHANGES: readonly ((name: string, value: string, other: string) => string)[] = [
  (name, value) => `${name}:${value},${name}:${value}`,
  (name, value, other) => `${name}:${other},${name}:${value}`,
  (name, value) => `${name.toUpperCase()}:${value}`,
  (name, value, other) => `"__proto__":${other},${name}:${value}`,
  (_, value) => `"x":${value}`,
];

interface JsonValue {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** With its quotes, where the value is a member of an object. */
  readonly name: { readonly start: number; readonly text: string } | undefined;
}

function replacing(at: number, change: (value: string) => string): Change {
  return (text) => {
    const value = valueAt(text, at);
    if (value === undefined) return text;
    return text.slice(0, value.start) + change(value.text) + text.slice(value.end);
  };
}

function rewriting(at: number, change: (name: string, value: string) => string): Change {
  return (text) => {
    const members = valuesIn(text).filter(({ name }) => name !== undefined);
    const member = members[at % members.length];
    if (member?.name === undefined) return text;
    const { name, end, text: value } = member;
    return text.slice(0, name.start) + change(name.text, value) + text.slice(end);
  };
}

function valueAt(text: string, at: number): JsonValue | undefined {
  const values = valuesIn(text);
  return values[at % values.length];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** All values, whatever is around them; an object or array that has no end goes on to that of the text. */
function valuesIn(text: string): readonly JsonValue[] {
  const tokens = [...text.matchAll(TOKEN)].map(({ 0: token, index }) => ({ token, index }));
  const found: { start: number; end: number; name: JsonValue['name'] }[] = [];
  const open: { end: number }[] = [];
  for (const [order, { token, index }] of tokens.entries()) {
    if (token === '}' || token === ']') {
      const container = open.pop();
      if (container) container.end = index + 1;
    } else if (token !== ',' && token !== ':' && tokens[order + 1]?.token !== ':') {
      const before = tokens[order - 1]?.token === ':' ? tokens[order - 2] : undefined;
      const name = before && { start: before.index, text: before.token };
      const isContainer = token === '{' || token === '[';
      const value = { start: index, end: isContainer ? text.length : index + token.length, name };
      found.push(value);
      if (isContainer) open.push(value);
    }
  }
  return found.map((value) => ({ ...value, text: text.slice(value.start, value.end) }));
}
