/** The keys that we know in files which podman reads, too: its own example has no others. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ENGINE_KEYS, TABLES } from '../../src/config/engine-keys.ts';
import { peersDir, requirePeers } from '../support/peers.ts';

/** A header of a table, or a key, which stands there with its default and commented out. */
const HEADER_OR_KEY = /^#? ?\[([\w.]+)\]|^#(\w+) ?=/gm;

describe.runIf(requirePeers('podman'))('the containers.conf that podman brings', () => {
  test('has no table and no key of [engine] that would be warned of', async () => {
    const path = join(peersDir, 'trixie', 'usr', 'share', 'containers', 'containers.conf');
    const tables = new Set<string>();
    const keys = new Set<string>();
    let table = '';
    for (const [, header, key] of (await readFile(path, 'utf8')).matchAll(HEADER_OR_KEY)) {
      table = header ?? table;
      tables.add(table.split('.', 1)[0] ?? '');
      if (table === 'engine' && key !== undefined) keys.add(key);
    }
    expect(keys.size).toBeGreaterThan(40);
    expect([...tables].filter((name) => !TABLES.split(' ').includes(name))).toEqual([]);
    expect([...keys].filter((name) => !ENGINE_KEYS.split(/\s+/).includes(name))).toEqual([]);
  });
});
