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
  test.each([
    [['--add-compression=zstd'], '--add-compression'],
    [['--compression-format=gzip'], '--compression-format'],
    [['--compress'], '--compress'],
  ])('to do to images that are not pushed: %j', async (flags, named) => {
    await expect(parse('--all=false', ...flags)).rejects.toMatchObject({
      code: 'USAGE',
      message: `${named} may not be used with --all=false`,
    });
  });

  test('a format that no list has', async () => {
    await expect(parse('--format=v2s1')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining("Choose one of the supported formats: 'oci' or 'v2s2'"),
    });
  });
});
