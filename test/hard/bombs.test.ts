/** What wants to become large stays small in memory, whatever comes of it. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { requirePeers } from '../support/peers.ts';
import { tell } from './effort.ts';
import { BOMBS, BURDENS } from './hostile/bombs.ts';
import { check, type HostileCase } from './hostile/cases.ts';

/** MB that a process may have in memory at most, whatever it is given. */
const MEMORY = 200;

/**
 * The same where it has to keep the window of a stream, 128 MiB of zstd or the blocks of bzip2, or the
 * names of two million files.
 */
const MEMORY_OF_BURDENS = 300;

/** Few, as on a machine whose shell allows no more. */
const OPEN_FILES = 128;

describe.runIf(requirePeers('time'))('the command', () => {
  const peaks: number[] = [];

  /** The most that it had in memory, in MB. */
  async function peakOf(hostile: HostileCase): Promise<number> {
    let peak = NaN;
    await check('oci:~/image', hostile, async (home, args, options) => {
      const file = join(home.path, '.cache', 'peak');
      await mkdir(join(home.path, '.cache'));
      const limited = ['sh', '-c', `ulimit -n ${OPEN_FILES}; exec "$@"`, 'sh'];
      const under = ['/usr/bin/time', '-q', '-f', '%M', '-o', file, ...limited];
      const run = await home.run(args, { ...options, under });
      peak = Number(await readFile(file, 'utf8')) / 1000;
      return run;
    });
    peaks.push(peak);
    return peak;
  }

  test.each(BOMBS.map((hostile) => [hostile.name, hostile] as const))('%s', async (_, hostile) => {
    expect(await peakOf(hostile)).toBeLessThan(MEMORY);
  });

  test.each(BURDENS.map((hostile) => [hostile.name, hostile] as const))(
    '%s',
    async (_, hostile) => {
      expect(await peakOf(hostile)).toBeLessThan(MEMORY_OF_BURDENS);
    },
  );

  afterAll(() => {
    const largest = Math.round(Math.max(...peaks));
    tell('bombs', { cases: BOMBS.length + BURDENS.length, 'largest memory in MB': largest });
  });
});
