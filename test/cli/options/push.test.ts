import { describe, expect, test } from 'vitest';
import { parsePushOptions } from '../../../src/cli/options/push.ts';
import { record } from '../recording.ts';

describe('parsePushOptions', () => {
  async function parse(...flags: readonly string[]) {
    const { pushes } = await record('push', ...flags, 'a', 'b');
    return pushes.map((invocation) => parsePushOptions(invocation.flags));
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
    expect(await parse(...flags)).toMatchObject([
      { jobs: 6, retry: 3, retryDelay: undefined, ...options },
    ]);
  });

  test.each([
    ['xx', 'time: invalid duration "xx"'],
    ['5', 'time: missing unit in duration "5"'],
    ['-1s', 'invalid --retry-delay "-1s": it is negative'],
  ])('--retry-delay=%s', async (delay, message) => {
    await expect(parse(`--retry-delay=${delay}`)).rejects.toMatchObject({
      code: 'USAGE',
      message,
      context: {},
    });
  });
});
