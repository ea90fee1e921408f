import { describe, expect, test } from 'vitest';
import { parsePushOptions } from '../../../src/cli/options/push.ts';
import type { EngineConf, Setting } from '../../../src/config/engine-conf.ts';
import { record } from '../recording.ts';

describe('parsePushOptions', () => {
  async function parse(flags: readonly string[], conf?: EngineConf) {
    const { pushes } = await record('push', ...flags, 'a', 'b');
    return pushes.map((invocation) => parsePushOptions(invocation.flags, conf));
  }

  function setting<T>(value: T): Setting<T> {
    return { value, place: () => '"/containers.conf": at engine.key' };
  }

  test.each<[flags: string[], options: object]>([
    [[], {}],
    [['--jobs', '1'], { jobs: 1 }],
    [['--retry', '0'], { retry: 0 }],
    [['--retry-delay', '1m30s'], { retryDelay: 90_000 }],
    [['--retry-delay=0'], { retryDelay: 0 }],
    [['--retry-delay='], {}], // as in podman, the same as not typed
    [['--disable-content-trust'], {}],
    [[], { mountFrom: [], noOverwrite: false, verify: false }],
    [['--no-overwrite', '--verify'], { noOverwrite: true, verify: true }],
    [
      ['--mount-from=docker.io/library/x'],
      { mountFrom: [{ registry: 'docker.io', path: 'library/x' }] },
    ],
    [['--mount-from=localhost/x'], { mountFrom: [{ registry: 'localhost', path: 'x' }] }],
    [['--mount-from=x'], { mountFrom: [{ path: 'x' }] }],
  ])('%j', async (flags, options) => {
    expect(await parse(flags)).toMatchObject([
      { jobs: 6, retry: 3, retryDelay: undefined, ...options },
    ]);
  });

  test.each([
    ['xx', 'time: invalid duration "xx"'],
    ['5', 'time: missing unit in duration "5"'],
    ['-1s', 'invalid retry delay "-1s": it is negative'],
  ])('--retry-delay=%s', async (delay, message) => {
    await expect(parse([`--retry-delay=${delay}`])).rejects.toMatchObject({
      code: 'USAGE',
      message,
      context: {},
    });
  });

  test.each<[conf: EngineConf, flags: string[], options: object]>([
    [{ retry: setting(0) }, [], { retry: 0 }],
    [{ retry: setting(7) }, ['--retry=1'], { retry: 1 }],
    [{ retryDelay: setting('5s') }, [], { retryDelay: 5000 }],
    [{ retryDelay: setting('') }, [], { retryDelay: undefined }],
    [{ retryDelay: setting('5s') }, ['--retry-delay=1m'], { retryDelay: 60_000 }],
    [{ retryDelay: setting('nonsense') }, ['--retry-delay=1m'], { retryDelay: 60_000 }],
    [{ imageParallelCopies: setting(2) }, [], { jobs: 2 }],
    [{ imageParallelCopies: setting(0) }, [], { jobs: 6 }], // the engine chooses
    [{ imageParallelCopies: setting(2) }, ['--jobs=3'], { jobs: 3 }],
    [{ addCompression: setting(['zstd']) }, [], { addCompression: [] }], // manifest push only
  ])('configured %j, typed %j', async (conf, flags, options) => {
    expect(await parse(flags, conf)).toMatchObject([options]);
  });

  test.each([
    ['5', 'time: missing unit in duration "5"'],
    ['-5s', 'invalid retry delay "-5s": it is negative'],
  ])('a configured retry_delay of %s is refused', async (delay, reason) => {
    await expect(parse([], { retryDelay: setting(delay) })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      message: `loading configuration "/containers.conf": at engine.key: ${reason}`,
    });
  });
});
