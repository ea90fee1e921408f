/** Tells of keys that nobody knows: most of them are misspelt, and would say nothing in silence. */
import { placeIn, type ConfigTable } from './toml-file.ts';
import type { Warn } from './warn.ts';

/** Warns of each key of a table that is none of `known`, which are words. */
export function warnOfUnknownKeys(table: ConfigTable, known: string, warn: Warn): void {
  const names = new Set(known.split(/\s+/));
  for (const name of Object.keys(table.values)) {
    if (!names.has(name)) warn(`ignoring an unknown key: ${placeIn(table, name)}`);
  }
}
