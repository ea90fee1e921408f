import { describe, expect, test } from 'vitest';
import { mergeEngineConf, type EngineConf } from '../../src/config/engine-conf.ts';
import { parseToml } from '../../src/config/toml-file.ts';
import { warnNobody } from '../../src/config/warn.ts';

/** What files with these bodies of `[engine]` say, the first one first. */
function merge(...bodies: readonly string[]): EngineConf {
  const tables = bodies.map((body, index) =>
    parseToml(Buffer.from(`[engine]\n${body}\n`), `/${index}.conf`),
  );
  return mergeEngineConf(tables, warnNobody);
}

function valuesOf(conf: EngineConf): object {
  return Object.fromEntries(
    Object.entries(conf).map(([name, setting]: [string, { value: unknown }]) => [
      name,
      setting.value,
    ]),
  );
}

describe('mergeEngineConf', () => {
  test.each<[bodies: string[], values: object]>([
    [[], {}],
    [[''], {}],
    [
      [
        `add_compression = ["zstd"]
        compression_format = "zstd:chunked"
        compression_level = 9
        env = ["A=b"]
        image_copy_tmp_dir = "/tmp"
        image_parallel_copies = 8
        retry = 5
        retry_delay = "10s"`,
      ],
      {
        addCompression: ['zstd'],
        compressionFormat: 'zstd:chunked',
        compressionLevel: 9,
        env: ['A=b'],
        imageCopyTmpDir: '/tmp',
        imageParallelCopies: 8,
        retry: 5,
        retryDelay: '10s',
      },
    ],
    [['retry = 1\nretry_delay = "1s"', 'retry = 2'], { retry: 2, retryDelay: '1s' }],
    [['retry_delay = "1s"', 'retry_delay = ""'], { retryDelay: '' }],
    [['compression_level = -1'], { compressionLevel: -1 }],
    [['retri = 1\nhelper_binaries_dir = ["/x"]\n[containers]\nretry = 3'], {}], // not ours
  ])('%j', (bodies, values) => {
    expect(valuesOf(merge(...bodies))).toEqual(values);
  });

  // containers.conf(5), APPENDING TO STRING ARRAYS
  test.each([
    [['["a"]', '["b"]'], ['b']],
    [
      ['["a"]', '["b", {append = true}]'],
      ['a', 'b'],
    ],
    [
      ['["a", {append = true}]', '["b"]', '["c"]'],
      ['a', 'b', 'c'],
    ],
    [['["a", {append = true}]', '["b", {append = false}]', '["c"]'], ['c']],
    [['["a"]', '[{append = true}]'], ['a']],
    [['["a"]', '[]'], []],
  ])('strings %j', (arrays, value) => {
    const { env } = merge(...arrays.map((array) => `env = ${array}`));
    expect(env?.value).toEqual(value);
  });

  test('remembers which file said it last', () => {
    const { retry, compressionFormat } = merge(
      'retry = 1\ncompression_format = "zstd"',
      'retry = 2',
    );
    expect(retry?.value).toBe(2);
    expect(retry?.place()).toBe('"/1.conf": line 2, at engine.retry');
    expect(compressionFormat?.place()).toBe('"/0.conf": line 3, at engine.compression_format');
  });

  test.each([
    ['retry = "3"', 'engine.retry: expected a whole number'],
    ['retry = -1', 'engine.retry: expected a whole number of at least 0'],
    ['retry = 1.5', 'engine.retry: expected a whole number'],
    ['image_parallel_copies = true', 'engine.image_parallel_copies: expected a whole number'],
    ['compression_level = "9"', 'engine.compression_level: expected a whole number'],
    ['retry_delay = 5', 'engine.retry_delay: expected a string'],
    ['compression_format = []', 'engine.compression_format: expected a string'],
    ['env = "A=b"', 'engine.env: expected an array of strings'],
    ['env = [1]', 'engine.env: expected an array of strings'],
    ['env = [{append = 1}]', 'engine.env: expected an array of strings'],
    ['env = [{prepend = true}]', 'engine.env: expected an array of strings'],
  ])('%s names the file and the key', (body, message) => {
    expect(() => merge('', body)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        origin: 'config',
        message: expect.stringContaining(
          `loading configuration "/1.conf": line 2, at ${message}`,
        ) as string,
      }),
    );
  });

  test('engine must be a table', () => {
    expect(() => mergeEngineConf([parseToml(Buffer.from('engine = 1'), '/x')], warnNobody)).toThrow(
      'loading configuration "/x": line 1, at engine: expected a table',
    );
  });
});
