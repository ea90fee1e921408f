import { describe, expect, test } from 'vitest';
import { parseCompressionOptions } from '../../../src/cli/options/compression.ts';
import { record } from '../recording.ts';

async function parse(...flags: readonly string[]) {
  const { pushes } = await record('push', ...flags, 'a', 'b');
  return pushes.map((invocation) => parseCompressionOptions(invocation.flags));
}

test.each<[flags: string[], options: object]>([
  [[], {}],
  [['--accept-uncompressed'], { keepPlain: true }],
  [['--accept-uncompressed', '--compression-level=1'], { keepPlain: true, level: 1 }],
  [['--compress'], { everywhere: true }],
  [['--compression-format', 'gzip'], { format: 'gzip' }],
  [['--compression-format=zstd'], { format: 'zstd' }],
  [['--compression-format=zstd:chunked'], { format: 'zstd:chunked' }],
  [['--compression-level', '9'], { level: 9 }],
  [['--compression-level', '-2'], { level: -2 }],
  [['--force-compression'], {}],
  [['--force-compression=false'], { anyVariant: true }],
])('%j', async (flags, options) => {
  expect(await parse(...flags)).toEqual([
    {
      format: undefined,
      level: undefined,
      everywhere: false,
      keepPlain: false,
      anyVariant: false,
      ...options,
    },
  ]);
});

describe('refuses', () => {
  test.each([
    [['--compression-format=foo'], 'cannot find compressor for "foo"'],
    [['--compression-format=ZSTD'], 'cannot find compressor for "ZSTD"'],
    [['--compression-format=bzip2'], 'cannot find compressor for "bzip2"'],
    [['--compression-format='], 'cannot find compressor for ""'],
    [['--compression-level=abc'], 'strconv.ParseInt: parsing "abc": invalid syntax'],
    [
      ['--accept-uncompressed', '--compress'],
      '--accept-uncompressed may not be used with --compress',
    ],
    [
      ['--accept-uncompressed', '--compression-format=gzip'],
      '--accept-uncompressed may not be used with --compression-format',
    ],
  ])('%j', async (flags, message) => {
    await expect(parse(...flags)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message) as string,
    });
  });
});
