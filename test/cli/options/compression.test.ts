import { describe, expect, test } from 'vitest';
import { parseCompressionOptions } from '../../../src/cli/options/compression.ts';
import type { EngineConf } from '../../../src/config/engine-conf.ts';
import { record } from '../recording.ts';

async function parse(flags: readonly string[], conf: EngineConf = {}) {
  const { pushes } = await record('push', ...flags, 'a', 'b');
  return pushes.map((invocation) => parseCompressionOptions(invocation.flags, conf));
}

/** The settings as in a file. */
function configured(format?: string, level?: number): EngineConf {
  const place = () => '"/containers.conf": at engine.key';
  return {
    ...(format !== undefined && { compressionFormat: { value: format, place } }),
    ...(level !== undefined && { compressionLevel: { value: level, place } }),
  };
}

const NOTHING = {
  format: undefined,
  level: undefined,
  everywhere: false,
  keepPlain: false,
  anyVariant: false,
  yields: false,
};

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
  expect(await parse(flags)).toEqual([{ ...NOTHING, ...options }]);
});

describe('containers.conf', () => {
  const HABIT = { yields: true, anyVariant: true };

  test.each<
    [format: string | undefined, level: number | undefined, flags: string[], options: object]
  >([
    ['zstd', undefined, [], { ...HABIT, format: 'zstd' }],
    ['gzip', 9, [], { ...HABIT, format: 'gzip', level: 9 }],
    ['zstd:chunked', 19, [], { ...HABIT, format: 'zstd:chunked', level: 19 }],
    [undefined, 9, [], { level: 9 }],
    ['', undefined, [], {}], // takes back what another file says
    ['zstd', 19, ['--compression-level=3'], { ...HABIT, format: 'zstd', level: 3 }],
    ['zstd', 7, ['--compression-format=gzip'], { format: 'gzip', level: 7 }],
    ['zstd', undefined, ['--force-compression'], { ...HABIT, format: 'zstd', anyVariant: false }],
    ['zstd', undefined, ['--compress'], { ...HABIT, format: 'zstd', everywhere: true }],
    ['zstd', undefined, ['--accept-uncompressed'], { keepPlain: true }],
    ['zstd', 19, ['--format=v2s2'], {}], // dropped, as in podman
    ['zstd', 19, ['--format=v2s1', '--compression-level=8'], { level: 8 }],
    ['zstd', undefined, ['--format=oci'], { ...HABIT, format: 'zstd' }],
    ['gzip', 4, ['--format=v2s2'], { ...HABIT, format: 'gzip', level: 4 }],
  ])('with %j at %j, %j', async (format, level, flags, options) => {
    expect(await parse(flags, configured(format, level))).toEqual([{ ...NOTHING, ...options }]);
  });

  test.each([
    ['brotli', undefined, [], 'cannot find compressor for "brotli"'],
    ['brotli', undefined, ['--format=v2s2'], 'cannot find compressor for "brotli"'],
    ['gzip', 10, [], /level/],
    ['zstd', 19, ['--compression-format=gzip'], /level/],
    ['zstd', 40, [], /level/],
  ])('is refused with %j at %j, %j', async (format, level, flags, reason) => {
    const error: unknown = await parse(flags, configured(format, level)).catch((each) => each);
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      message: expect.stringMatching(
        /^loading configuration "\/containers\.conf": at engine\.key: /,
      ),
    });
    expect(error).toMatchObject({ message: expect.stringMatching(reason) });
  });

  test('is not looked at for what is typed', async () => {
    const conf = configured('brotli', 99);
    const flags = ['--compression-format=zstd', '--compression-level=9'];
    expect(await parse(flags, conf)).toMatchObject([{ format: 'zstd', level: 9, yields: false }]);
  });
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
    await expect(parse(flags)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message) as string,
    });
  });
});
