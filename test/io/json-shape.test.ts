import { describe, expect, test } from 'vitest';
import { shapeProblem } from '../../src/io/json-shape.ts';

const of = (text: string): string | undefined => shapeProblem(Buffer.from(text));

describe('shapeProblem', () => {
  test.each([
    ['', undefined],
    ['{"a":[1,{"b":null}]}', undefined],
    [`${'['.repeat(10_000)}${']'.repeat(10_000)}`, undefined],
    ['['.repeat(10_001), 'exceeded max depth'],
    ['{"a":'.repeat(10_001), 'exceeded max depth'],
    [`[${'[],'.repeat(20_000)}[]]`, undefined],
    [`"${'['.repeat(20_000)}"`, undefined],
    [String.raw`"\\\"${'['.repeat(20_000)}"`, undefined],
    [String.raw`"\\\\"${'['.repeat(20_000)}`, 'exceeded max depth'],
    [`[${'0,'.repeat(99_999)}0]`, undefined],
    [`[${'0,'.repeat(100_000)}0]`, 'more than 100000 values'],
    [`[${'[],'.repeat(60_000)}0]`, 'more than 100000 values'],
    [`"${','.repeat(100_001)}"`, undefined],
  ])('%.20s', (text, problem) => {
    expect(of(text)).toBe(problem);
  });
});
