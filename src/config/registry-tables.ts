/** The `[[registry]]` tables of registries.conf, and what stood in their place in version 1. */
import { OcipushError } from '../errors.ts';
import { withoutRepetition, type RegistryRule } from './registry-rules.ts';
import {
  booleanAt,
  stringAt,
  stringsAt,
  tableAt,
  tablesAt,
  type ConfigTable,
} from './toml-file.ts';
import { warnOfUnknownKeys } from './unknown-keys.ts';
import type { Warn } from './warn.ts';

/** Mirrors are tables of their own, which a push does not look at. */
const RULE_KEYS = `
blocked insecure location mirror mirror-by-digest-only prefix pull-from-mirror
`;

/** Tables of version 1 of the format, and what a registry in them is. */
const VERSION_1 = { search: {}, insecure: { insecure: true }, block: { blocked: true } } as const;

/**
 * The rules of one file; of several for one prefix the first counts.
 * @throws OcipushError CONFIG_INVALID for what the reference refuses, too
 */
export function readRegistryRules(file: ConfigTable, warn: Warn): readonly RegistryRule[] {
  if (isVersion1(file)) return readVersion1(file, warn);
  const rules = tablesAt(file, 'registry').map((table) => readRule(table, warn));
  checkLocations(rules, file);
  return withoutRepetition(rules);
}

/** Whether a file is in the older version of the format. */
export function isVersion1(file: ConfigTable): boolean {
  return 'registries' in file.values;
}

function readRule(table: ConfigTable, warn: Warn): RegistryRule {
  warnOfUnknownKeys(table, RULE_KEYS, warn);
  const location = locationAt(table, 'location');
  const prefix = locationAt(table, 'prefix') || location;
  if (prefix === '')
    throw invalidRegistries(table.file, 'invalid condition: both location and prefix are unset');
  const isPattern = prefix.startsWith('*.');
  if (location === '' && !isPattern) {
    throw invalidRegistries(
      table.file,
      'invalid condition: location is unset and prefix is not in the format: *.example.com',
    );
  }
  if (isPattern && /[/@:]/.test(prefix)) {
    throw invalidRegistries(
      table.file,
      `invalid prefix '${prefix}': a pattern of hosts has no path, tag or port`,
    );
  }
  const insecure = booleanAt(table, 'insecure');
  return { prefix, location, insecure, blocked: booleanAt(table, 'blocked') };
}

function locationAt(table: ConfigTable, name: string): string {
  const location = (stringAt(table, name) ?? '').replace(/\/+$/, '');
  if (!/^https?:\/\//.test(location)) return location;
  throw invalidRegistries(
    table.file,
    `invalid location '${location}': URI schemes are not supported`,
  );
}

/** One place cannot be safe under one name and unsafe under another. */
function checkLocations(rules: readonly RegistryRule[], file: ConfigTable): void {
  for (const setting of ['insecure', 'blocked'] as const) {
    const settings = new Map<string, boolean>();
    for (const rule of rules.filter(({ location }) => location !== '')) {
      if ((settings.get(rule.location) ?? rule[setting]) !== rule[setting]) {
        throw invalidRegistries(
          file.file,
          `registry '${rule.location}' is defined multiple times with conflicting '${setting}' setting`,
        );
      }
      settings.set(rule.location, rule[setting]);
    }
  }
}

function readVersion1(file: ConfigTable, warn: Warn): readonly RegistryRule[] {
  if ('registry' in file.values || 'unqualified-search-registries' in file.values) {
    throw invalidRegistries(file.file, 'mixing sysregistry v1/v2 is not supported');
  }
  const registries = tableAt(file, 'registries');
  warnOfUnknownKeys(registries, Object.keys(VERSION_1).join(' '), warn);
  const rules = new Map<string, RegistryRule>();
  for (const [name, settings] of Object.entries(VERSION_1)) {
    for (const listed of stringsAt(tableAt(registries, name), 'registries') ?? []) {
      const location = listed.replace(/\/+$/, '');
      const before = { prefix: location, location, insecure: false, blocked: false };
      rules.set(location, { ...before, ...rules.get(location), ...settings });
    }
  }
  return [...rules.values()];
}

/** The error of a registries.conf at a path that cannot be used. */
export function invalidRegistries(path: string, reason: string, hint = 'correct it'): OcipushError {
  const message = `loading registries configuration ${JSON.stringify(path)}: ${reason}`;
  return new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint });
}
