import { describe, expect, test } from 'vitest';
import { parseManifestOptions } from '../../../src/cli/options/manifest.ts';
import { record } from '../recording.ts';

async function parse(...flags: readonly string[]) {
  const { lists } = await record('manifest', 'push', ...flags, 'a', 'b');
  return lists.map((invocation) => parseManifestOptions(invocation.flags));
}

test.each([
  [[], 'list'],
  [['--all'], 'list'],
  [['--all=false'], 'sparse-list'],
  [['--add-compression=zstd'], 'list'],
])('%j', async (flags, expects) => {
  expect(await parse(...flags)).toEqual([{ expects }]);
});

describe('refuses', () => {
  test('to add what is not pushed', async () => {
    await expect(parse('--all=false', '--add-compression=zstd')).rejects.toMatchObject({
      code: 'USAGE',
      message: '--add-compression may not be used with --all=false',
    });
  });
});
