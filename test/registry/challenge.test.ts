import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenges } from '../../src/registry/challenge.ts';

type Expected = readonly [scheme: string, parameters?: Readonly<Record<string, string>>];

function parsed(lines: readonly string[]): Expected[] {
  return parseChallenges(lines).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

describe('parseChallenges', () => {
  test.each<readonly [line: string, expected: readonly Expected[]]>([
    ['Basic realm="registry"', [['basic', { realm: 'registry' }]]],
    ['bAsIc REALM="Registry"', [['basic', { realm: 'Registry' }]]],
    [
      'Bearer realm="https://auth.test/token",service="reg",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.test/token', service: 'reg', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    [
      'Bearer realm="r",error="insufficient_scope",scope="repository:a:pull repository:b:push"',
      [
        [
          'bearer',
          {
            realm: 'r',
            error: 'insufficient_scope',
            scope: 'repository:a:pull repository:b:push',
          },
        ],
      ],
    ],
    [
      'Bearer realm=http://h/token,service=x',
      [['bearer', { realm: 'http://h/token', service: 'x' }]],
    ],
    [String.raw`Basic realm="a \"b\" \\ c"`, [['basic', { realm: String.raw`a "b" \ c` }]]],
    [
      'Basic realm = "spaces" , charset="UTF-8"',
      [['basic', { realm: 'spaces', charset: 'UTF-8' }]],
    ],
    ['Basic realm="first",realm="second"', [['basic', { realm: 'first' }]]],
    ['Basic realm=""', [['basic', { realm: '' }]]],
    ['Negotiate', [['negotiate', {}]]],
    [
      'Negotiate, Basic realm="b"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'b' }],
      ],
    ],
    [
      'Bearer realm="t",service="s", Basic realm="b"', // the reference drops the second one
      [
        ['bearer', { realm: 't', service: 's' }],
        ['basic', { realm: 'b' }],
      ],
    ],
    [',, ,Basic realm="b",,', [['basic', { realm: 'b' }]]],
    ['Bearer realm="unterminated', [['bearer', {}]]], // reading stops where it is malformed
    ['Bearer realm="r",service=', [['bearer', { realm: 'r' }]]],
    ['Bearer realm="r" @ service="s"', [['bearer', { realm: 'r' }]]],
    ['="x"', []],
    ['', []],
    ['\u{1F512}', []],
  ])('%s', (line, expected) => {
    expect(parsed([line])).toEqual(expected);
  });

  test('keeps the order of the lines, and a broken one does not hide the next', () => {
    expect(parsed(['Basic realm="b', 'Bearer realm="t"', 'Negotiate'])).toEqual([
      ['basic', {}],
      ['bearer', { realm: 't' }],
      ['negotiate', {}],
    ]);
  });

  const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/);
  const text = fc.string({ unit: 'grapheme-ascii' });

  test('reads back every quoted string', () => {
    const parameters = fc.dictionary(
      token.map((name) => name.toLowerCase()),
      text,
    );
    fc.assert(
      fc.property(token, parameters, (scheme, values) => {
        const list = Object.entries(values).map(
          ([name, value]) => `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
        );
        expect(parsed([`${scheme} ${list.join(',')}`])).toEqual([
          [scheme.toLowerCase(), { ...values }],
        ]);
      }),
    );
  });

  test('survives everything', () => {
    const piece = fc.oneof(
      text,
      token,
      fc.constantFrom('=', '"', ',', ' ', '\\', 'Bearer', 'Basic'),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        for (const { scheme } of parseChallenges([pieces.join('')])) expect(scheme).not.toBe('');
      }),
    );
  });
});
