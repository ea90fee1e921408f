/** A real registry behind nginx, which passes requests on in one of two ways and may limit their size. */
import { describe, expect, test } from 'vitest';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { startNginx } from '../support/nginx.ts';
import { requirePeers } from '../support/peers.ts';
import { digestRead, openExchange, type Exchange } from './exchange.ts';

const WAYS = [
  ['on', 'gzip'],
  ['on', 'none'],
  ['off', 'gzip'],
  ['off', 'none'],
] as const;

/** Pushes through nginx, and reads the digest back past it. @throws when either fails */
async function pushThrough(
  exchange: Exchange,
  host: string,
  ...flags: readonly string[]
): Promise<{ readonly digest: string; readonly log: string }> {
  const push = ['push', '--tls-verify=false', '--retry=0', '--verify', ...flags];
  const file = ['--digestfile', exchange.path('digest')];
  const run = await exchange.home.run([...push, ...file, 'oci:image', `${host}/team/app:1`]);
  if (run.code !== 0) throw new Error(run.stderr);
  const digest = await digestRead(exchange, 'team/app:1', '--tls-verify=false');
  return { digest, log: run.stderr };
}

/** What became of the requests that carried bytes of layers, in their order. */
function answersIn(log: string): readonly string[] {
  const answers = log.matchAll(/(?:PATCH|PUT) \S+\/blobs\/uploads\/\S*: (.+?) after/g);
  return [...answers].map(([, answer = '']) => answer);
}

describe.runIf(requirePeers('docker-registry', 'nginx', 'skopeo'))('behind nginx', () => {
  test.each(WAYS)('with buffering %s, layers go up (%s)', async (buffering, compression) => {
    await using exchange = await openExchange();
    await using nginx = await startNginx(exchange.registry.host, { buffering, bodyLimit: '0' });
    const layers = [await makeLayer({ a: noise(3_000_000) }), await makeLayer({ b: '1' })];
    await writeOciLayout(exchange.path('image'), { layers, compression });
    const { digest } = await pushThrough(exchange, nginx.host);
    expect(digest).toBe(await exchange.digestFile());
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
    const { digest } = await pushThrough(exchange, nginx.host);
    expect(digest).toBe(await exchange.digestFile());
  });

  test.each(WAYS)('with a limit on bodies and buffering %s, in chunks (%s)', async (...way) => {
    const [buffering, compression] = way;
    await using exchange = await openExchange();
    await using nginx = await startNginx(exchange.registry.host, { buffering, bodyLimit: '1m' });
    const layers = [
      await makeLayer({ a: noise(3_500_000, 'a') }),
      await makeLayer({ b: noise(2_500_000, 'b') }),
    ];
    await writeOciLayout(exchange.path('image'), { layers, compression });
    const flags = ['--jobs=1', '--log-level=debug'];
    const { digest, log } = await pushThrough(exchange, nginx.host, ...flags);
    expect(digest).toBe(await exchange.digestFile());
    const answers = answersIn(log);
    expect(answers).toContain('413');
    // Two layers and a config. What was learned from the first layer holds for the second: nothing of it is refused.
    const accepted = answers.slice(answers.findIndex((answer) => answer.startsWith('2')));
    expect(accepted.join(' ')).toMatch(/^(202 ){4}201 (202 ){3}201 (202 )?201$/);
  });
});
