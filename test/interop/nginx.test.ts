/** A real registry behind nginx, which passes requests on in one of two ways and may limit their size. */
import { describe, expect, test } from 'vitest';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { startNginx } from '../support/nginx.ts';
import { requirePeers } from '../support/peers.ts';
import { digestRead, openExchange, type Exchange } from './exchange.ts';

/** Pushes through nginx, and reads the digest back past it. @throws when either fails */
async function pushThrough(exchange: Exchange, host: string): Promise<string> {
  const flags = ['push', '--tls-verify=false', '--retry=0', '--verify'];
  const digest = ['--digestfile', exchange.path('digest')];
  const run = await exchange.home.run([...flags, ...digest, 'oci:image', `${host}/team/app:1`]);
  if (run.code !== 0) throw new Error(run.stderr);
  return digestRead(exchange, 'team/app:1', '--tls-verify=false');
}

describe.runIf(requirePeers('docker-registry', 'nginx', 'skopeo'))('behind nginx', () => {
  test.each([
    ['on', 'gzip'],
    ['on', 'none'],
    ['off', 'gzip'],
    ['off', 'none'],
  ] as const)('with request buffering %s, layers go up (%s)', async (buffering, compression) => {
    await using exchange = await openExchange();
    await using nginx = await startNginx(exchange.registry.host, { buffering, bodyLimit: '0' });
    const layers = [await makeLayer({ a: noise(3_000_000) }), await makeLayer({ b: '1' })];
    await writeOciLayout(exchange.path('image'), { layers, compression });
    expect(await pushThrough(exchange, nginx.host)).toBe(await exchange.digestFile());
  });

  test('a limit on bodies concerns none that is smaller', async () => {
    await using exchange = await openExchange();
    await using nginx = await startNginx(exchange.registry.host, {
      buffering: 'on',
      bodyLimit: '1m',
    });
    const names = ['a', 'b', 'c'];
    const layers = await Promise.all(names.map((name) => makeLayer({ [name]: noise(600_000) })));
    await writeOciLayout(exchange.path('image'), { layers, compression: 'gzip' });
    expect(await pushThrough(exchange, nginx.host)).toBe(await exchange.digestFile());
  });
});
