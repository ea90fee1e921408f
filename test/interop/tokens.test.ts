/** A real registry that wants signed tokens, and verifies them. */
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { startJwtServer, type JwtServer, type JwtServerOptions } from '../support/jwt-server.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { requirePeers } from '../support/peers.ts';
import { digestRead, openExchange, type Exchange } from './exchange.ts';

const ACCOUNT = { user: 'me', password: 'a:very/secret', identityToken: 'refresh-me' };
const CREDS = ['--creds', `${ACCOUNT.user}:${ACCOUNT.password}`];

interface Guarded extends AsyncDisposable {
  readonly exchange: Exchange;
  readonly tokens: JwtServer;
}

async function openGuarded(options: Partial<JwtServerOptions> = {}): Promise<Guarded> {
  const tokens = await startJwtServer({ ...ACCOUNT, ...options });
  const exchange = await openExchange({ token: tokens.settings });
  await writeOciLayout(exchange.path('image'), { layers: [await makeLayer({ a: '1' })] });
  return {
    exchange,
    tokens,
    async [Symbol.asyncDispose]() {
      await exchange[Symbol.asyncDispose]();
      await tokens[Symbol.asyncDispose]();
    },
  };
}

function digestWithCreds({ exchange }: Guarded, name: string): Promise<string> {
  return digestRead(exchange, name, '--tls-verify=false', ...CREDS);
}

describe.runIf(requirePeers('docker-registry', 'skopeo'))('a registry that wants tokens', () => {
  test('takes those that a password brings', async () => {
    await using guarded = await openGuarded();
    const { exchange, tokens } = guarded;
    expect(await exchange.push('oci:image', 'team/app:1', CREDS)).toMatchObject({ code: 0 });
    expect(tokens.requests).toEqual(['GET repository:team/app:pull,push']);
    expect(await digestWithCreds(guarded, 'team/app:1')).toBe(await exchange.digestFile());
  });

  test('takes those that an identity token brings', async () => {
    await using guarded = await openGuarded();
    const { exchange, tokens } = guarded;
    const auths = { [exchange.registry.host]: { identitytoken: ACCOUNT.identityToken } };
    await writeFile(exchange.path('auth.json'), JSON.stringify({ auths }));
    const run = await exchange.push('oci:image', 'team/app:1', ['--authfile=auth.json']);
    expect(run).toMatchObject({ code: 0 });
    expect(tokens.requests).toEqual(['POST repository:team/app:pull,push']);
    expect(await digestWithCreds(guarded, 'team/app:1')).toBe(await exchange.digestFile());
  });

  test('lets blobs be mounted with one token for both repositories', async () => {
    await using guarded = await openGuarded();
    const { exchange, tokens } = guarded;
    await exchange.push('oci:image', 'team/app:1', CREDS);
    const before = (await exchange.registry.requests()).length;
    expect(await exchange.push('oci:image', 'team/second:1', CREDS)).toMatchObject({ code: 0 });
    expect(tokens.requests.slice(1)).toEqual([
      'GET repository:team/second:pull,push repository:team/app:pull',
    ]);
    const asked = (await exchange.registry.requests()).slice(before);
    expect(asked.filter((request) => request.includes('/blobs/'))).toEqual(
      Array(2).fill('201 POST /v2/team/second/blobs/uploads/'),
    );
    expect(await digestWithCreds(guarded, 'team/second:1')).toBe(await exchange.digestFile());
  });

  test('is pushed to also where its token server knows nothing of what could be mounted', async () => {
    await using guarded = await openGuarded({ unknown: ['team/gone'] });
    const { exchange, tokens } = guarded;
    const flags = [...CREDS, '--mount-from=team/gone'];
    expect(await exchange.push('oci:image', 'team/app:1', flags)).toMatchObject({ code: 0 });
    const own = 'repository:team/app:pull,push';
    expect(tokens.requests).toEqual([`GET ${own} repository:team/gone:pull`, `GET ${own}`]);
    expect(await digestWithCreds(guarded, 'team/app:1')).toBe(await exchange.digestFile());
  });

  test.each([[['--creds', 'me:wrong-secret']], [[]]])('refuses %j', async (flags) => {
    await using guarded = await openGuarded();
    const run = await guarded.exchange.push('oci:image', 'team/app:1', flags);
    expect(run).toMatchObject({ code: 125, stdout: '' });
    expect(run.stderr).not.toContain('secret');
    expect(await guarded.exchange.digestFile()).toBeUndefined();
  });
});
