import { describe, expect, test } from 'vitest';
import { parseManifestOptions } from '../../../src/cli/options/manifest.ts';
import { record } from '../recording.ts';

async function parse(flags: readonly string[], ...configured: readonly string[]) {
  const { lists } = await record('manifest', 'push', ...flags, 'a', 'b');
  const setting = {
    value: configured,
    place: () => '"/containers.conf": at engine.add_compression',
  };
  const conf = configured.length === 0 ? {} : { addCompression: setting };
  return lists.map((invocation) => parseManifestOptions(invocation.flags, conf));
}

test.each([
  [[], [], 'list', []],
  [['--all'], [], 'list', []],
  [['--all=false'], [], 'sparse-list', []],
  [['--add-compression=zstd,zstd'], [], 'list', ['zstd']],
  [[], ['zstd', 'gzip', 'zstd'], 'list', ['zstd', 'gzip']],
  [['--add-compression=gzip'], ['zstd'], 'list', ['gzip']],
  [['--all=false'], ['zstd'], 'sparse-list', []],
])('%j, configured %j', async (flags, configured, expects, addCompression) => {
  expect(await parse(flags, ...configured)).toEqual([{ expects, addCompression }]);
});

describe('refuses', () => {
  test('a configured form that is none', async () => {
    await expect(parse([], 'zstd', 'brotli')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'loading configuration "/containers.conf": at engine.add_compression: cannot find compressor for "brotli"',
    });
  });

  test.each([
    [['--add-compression=zstd'], '--add-compression'],
    [['--compression-format=gzip'], '--compression-format'],
    [['--compress'], '--compress'],
    [['--encryption-key=jwe:a'], '--encryption-key'],
  ])('to do to images that are not pushed: %j', async (flags, named) => {
    await expect(parse(['--all=false', ...flags])).rejects.toMatchObject({
      code: 'USAGE',
      message: `${named} may not be used with --all=false`,
    });
  });

  test('a format that no list has', async () => {
    await expect(parse(['--format=v2s1'])).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining("Choose one of the supported formats: 'oci' or 'v2s2'"),
    });
  });
});
