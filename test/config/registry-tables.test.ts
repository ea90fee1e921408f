import { describe, expect, test } from 'vitest';
import type { RegistryRule } from '../../src/config/registry-rules.ts';
import { readRegistryRules } from '../../src/config/registry-tables.ts';
import { parseToml } from '../../src/config/toml-file.ts';
import { warnNobody } from '../../src/config/warn.ts';

function read(toml: string): readonly RegistryRule[] {
  return readRegistryRules(parseToml(Buffer.from(toml), '/etc/registries.conf'), warnNobody);
}

function rule(prefix: string, more: Partial<RegistryRule> = {}): RegistryRule {
  return { prefix, location: prefix, insecure: false, blocked: false, ...more };
}

describe('readRegistryRules', () => {
  test.each<readonly [toml: string, rules: readonly RegistryRule[]]>([
    ['', []],
    ['[[registry]]\nlocation = "a.test/x/"', [rule('a.test/x')]],
    [
      '[[registry]]\nprefix = "a.test"\nlocation = "b.test"\ninsecure = true',
      [rule('a.test', { location: 'b.test', insecure: true })],
    ],
    [
      '[[registry]]\nprefix = "*.a.test"\nblocked = true',
      [rule('*.a.test', { location: '', blocked: true })],
    ],
    [
      '[[registry]]\nprefix = "p"\nlocation = "a"\n[[registry]]\nprefix = "p"\nlocation = "b"',
      [rule('p', { location: 'a' })], // the first of a file counts
    ],
    [
      '[registries.insecure]\nregistries = ["a", "b/"]\n[registries.block]\nregistries = ["b"]',
      [rule('a', { insecure: true }), rule('b', { insecure: true, blocked: true })],
    ],
    ['[registries.search]\nregistries = ["a"]', [rule('a')]],
  ])('reads %j', (toml, rules) => {
    expect(read(toml)).toEqual(rules);
  });

  test.each([
    ['[[registry]]\nlocation = "http://a.test"', "invalid location 'http://a.test': URI schemes"],
    ['[[registry]]\nlocation = "a"\nprefix = "https://a"', 'URI schemes are not supported'],
    ['[[registry]]\ninsecure = true', 'both location and prefix are unset'],
    ['[[registry]]\nprefix = "a.test"', 'location is unset'],
    ['[[registry]]\nprefix = "*.a.test/x"', 'invalid prefix'],
    [
      '[[registry]]\nlocation = "a"\ninsecure = true\n[[registry]]\nprefix = "b"\nlocation = "a"',
      "registry 'a' is defined multiple times with conflicting 'insecure' setting",
    ],
    [
      '[[registry]]\nlocation = "a"\n[[registry]]\nprefix = "b"\nlocation = "a"\nblocked = true',
      "conflicting 'blocked' setting",
    ],
    ['[[registry]]\nlocation = "a"\ninsecure = "yes"', 'registry[0].insecure: expected true'],
    ['registry = "a"', 'registry: expected an array of tables'],
    ['[registries.block]\nregistries = []\n[[registry]]\nlocation = "a"', 'mixing sysregistry'],
  ])('refuses %j', (toml, reason) => {
    expect(() => read(toml)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(reason) as string,
      }),
    );
  });
});
