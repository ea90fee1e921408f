import { describe, expect, test } from 'vitest';
import { mergeRegistryRules, ruleFor, type RegistryRule } from '../../src/config/registry-rules.ts';

function rule(prefix: string, more: Partial<RegistryRule> = {}): RegistryRule {
  return { prefix, location: prefix, insecure: false, blocked: false, ...more };
}

test('a later rule takes the place of an earlier one with the same prefix', () => {
  const [first, second] = [rule('a', { insecure: true }), rule('a', { blocked: true })];
  expect(mergeRegistryRules([first, rule('b')], [second])).toEqual([second, rule('b')]);
});

describe('ruleFor', () => {
  test.each<readonly [prefixes: readonly string[], repository: string, found: string | undefined]>([
    [[], 'a.test/x', undefined],
    [['a.test'], 'a.test/x', 'a.test'],
    [['a.test'], 'a.test:5000/x', 'a.test'], // a port is a boundary, too
    [['a.test:5000'], 'a.test/x', undefined],
    [['a.test'], 'a.test.org/x', undefined],
    [['a.test/x'], 'a.test/x', 'a.test/x'],
    [['a.test/x'], 'a.test/xy', undefined],
    [['a.test', 'a.test/x/y', 'a.test/x'], 'a.test/x/y/z', 'a.test/x/y'],
    [['a.test/x:1'], 'a.test/x', undefined], // the name has no tag here
    [['*.a.test'], 'b.c.a.test:5000/x', '*.a.test'],
    [['*.a.test'], 'a.test/x', undefined],
    [['*.a.test'], 'b.test/c.a.test/x', undefined],
    [['*.a.test', 'b.a.test/x'], 'b.a.test/x', 'b.a.test/x'],
  ])('of %j for %s is %s', (prefixes, repository, found) => {
    const rules = prefixes.map((prefix) => rule(prefix));
    expect(ruleFor(rules, repository)?.prefix).toBe(found);
  });
});
