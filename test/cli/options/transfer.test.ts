import { describe, expect, test } from 'vitest';
import { parseTransferOptions } from '../../../src/cli/options/transfer.ts';
import { record } from '../recording.ts';

async function parse(...flags: readonly string[]) {
  const { pushes } = await record('push', ...flags, 'a', 'b');
  const [invocation] = pushes;
  if (invocation === undefined) throw new Error('nothing was pushed');
  return parseTransferOptions(invocation.flags);
}

describe('parseTransferOptions', () => {
  test('has limits of its own', async () => {
    const { limits, hosts, userAgent } = await parse();
    expect(limits).toEqual({ connectTimeout: 30_000, stallTimeout: 60_000 });
    expect(hosts.of('r.test').chunkSize).toBeUndefined();
    expect(userAgent).toMatch(/^ocipush\/\d/);
  });

  test.each<readonly [flag: string, limits: object]>([
    ['--connect-timeout=5s', { connectTimeout: 5000 }],
    ['--stall-timeout=1m30s', { stallTimeout: 90_000 }],
    ['--stall-timeout=10000h', { stallTimeout: 2 ** 31 - 1 }],
    ['--limit-rate=100kB', { rate: { piece: 25_000 } }],
    ['--limit-rate=100kB/s', { rate: { piece: 25_000 } }],
  ])('%s', async (flag, limits) => {
    expect((await parse(flag)).limits).toMatchObject(limits);
  });

  test('--chunk-size is for every host', async () => {
    const { hosts } = await parse('--chunk-size=5MiB');
    expect(hosts.of('r.test').chunkSize).toBe(5_242_880);
  });

  test('--user-agent', async () => {
    expect((await parse('--user-agent=me/1 (ä)')).userAgent).toBe('me/1 (ä)');
    expect((await parse('--user-agent=')).userAgent).toMatch(/^ocipush/);
  });

  test.each([
    '--chunk-size=0',
    '--chunk-size=much',
    '--limit-rate=1k/m',
    '--connect-timeout=0',
    '--stall-timeout=-1s',
    '--stall-timeout=60',
    '--user-agent=a\nb',
    '--user-agent=文',
  ])('%j is refused', async (flag) => {
    await expect(parse(flag)).rejects.toMatchObject({ code: 'USAGE' });
  });
});
