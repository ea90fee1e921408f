/** One login for all tools: what ocipush keeps the peers use, and what they keep ocipush uses. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers, type PeerName } from '../support/peers.ts';
import { openExchange, type Exchange } from './exchange.ts';

const htpasswd = { user: 'someone', password: 'pass:word, "quoted" é' };

/** Where a login is kept, and the flags to have it there. */
interface Place {
  readonly name: string;
  readonly file: string;
  readonly flags: readonly string[];
}

const PLACES: readonly Place[] = [
  { name: 'the usual place', file: 'containers/auth.json', flags: [] },
  { name: '--authfile', file: 'auth', flags: ['--authfile=auth'] },
  { name: "docker's file", file: 'config.json', flags: ['--compat-auth-file=config.json'] },
];

const PEERS = ['podman', 'skopeo'] as const;

describe.runIf(requirePeers('docker-registry', 'oras', ...PEERS))('a login is for', () => {
  let exchange: Exchange;
  let host: string;

  beforeAll(async () => {
    exchange = await openExchange({ htpasswd });
    ({ host } = exchange.registry);
    await writeOciLayout(exchange.path('image'), { layers: [await makeLayer({ a: '1' })] });
  });

  afterAll(async () => exchange[Symbol.asyncDispose]());

  /** Runs ocipush where the peers of this home look. */
  const ocipush = (peers: PeerHome, ...args: readonly string[]): Promise<Run> =>
    exchange.home.run(args, {
      cwd: peers.path,
      env: { HOME: peers.path, XDG_RUNTIME_DIR: peers.path },
      input: Buffer.from(`${htpasswd.password}\n`),
    });

  const given = ['--tls-verify=false', '--username', htpasswd.user, '--password-stdin'];

  const peerLogin = (peers: PeerHome, peer: PeerName, flags: readonly string[]): Promise<Buffer> =>
    peers.runWith(htpasswd.password, peer, 'login', ...given, ...flags, host);

  /** Pushes with what is kept in this home. */
  const push = (peers: PeerHome, flags: readonly string[]): Promise<Run> =>
    ocipush(
      peers,
      'push',
      '--tls-verify=false',
      '--retry=0',
      ...flags,
      `oci:${exchange.path('image')}`,
      `${host}/app`,
    );

  /** Writing flags as those for reading: Docker's format is read like any other. */
  const reading = (flags: readonly string[]): readonly string[] =>
    flags.map((flag) => flag.replace('--compat-auth-file', '--authfile'));

  describe.each(PLACES)('all, in $name', ({ flags, file }) => {
    test.each(PEERS)('from ocipush to %s, which logs out', async (peer) => {
      await using peers = await makePeerHome();
      expect(await ocipush(peers, 'login', ...given, ...flags, host)).toEqual({
        code: 0,
        stdout: 'Login Succeeded!\n',
        stderr: '',
      });
      expect((await peers.run(peer, 'login', '--get-login', ...flags, host)).toString()).toBe(
        `${htpasswd.user}\n`,
      );
      expect(await push(peers, reading(flags))).toMatchObject({ code: 0 });
      const inspect = ['inspect', '--tls-verify=false', ...reading(flags), `docker://${host}/app`];
      await peers.run('skopeo', ...inspect);
      await peers.run(peer, 'logout', ...flags, host);
      expect(await readFile(join(peers.path, file), 'utf8')).toBe('{\n\t"auths": {}\n}');
      await expect(peers.run('skopeo', ...inspect)).rejects.toThrow('authentication required');
      expect(await push(peers, reading(flags))).toMatchObject({ code: 125 });
    });

    test.each(PEERS)('from %s to ocipush, which logs out', async (peer) => {
      await using peers = await makePeerHome();
      await peerLogin(peers, peer, flags);
      const kept = await readFile(join(peers.path, file));
      expect(await push(peers, reading(flags))).toMatchObject({ code: 0 });
      expect(await ocipush(peers, 'login', '--get-login', ...flags, host)).toEqual({
        code: 0,
        stdout: `${htpasswd.user}\n`,
        stderr: '',
      });
      // The same login over it leaves the same bytes.
      expect(await ocipush(peers, 'login', ...given, ...flags, host)).toMatchObject({ code: 0 });
      expect(await readFile(join(peers.path, file))).toEqual(kept);
      expect(await ocipush(peers, 'logout', ...flags, host)).toMatchObject({ code: 0 });
      await expect(peers.run(peer, 'login', '--get-login', ...flags, host)).rejects.toThrow(
        'not logged into',
      );
    });
  });

  test('a namespace, also for podman', async () => {
    await using peers = await makePeerHome();
    const key = `${host}/app`;
    expect(await ocipush(peers, 'login', ...given, key)).toMatchObject({ code: 0 });
    expect((await peers.run('podman', 'login', '--get-login', key)).toString()).toBe(
      `${htpasswd.user}\n`,
    );
    expect(await push(peers, [])).toMatchObject({ code: 0 });
    await peers.run('podman', 'logout', key);
    expect(await push(peers, [])).toMatchObject({ code: 125 });
  });

  test("what oras keeps in docker's file, and the other way round", async () => {
    await using peers = await makePeerHome();
    const docker = join(peers.path, '.docker/config.json');
    const compat = ['--compat-auth-file', docker, host];
    const oras = ['login', '--plain-http', '--username', htpasswd.user, '--password-stdin', host];
    await peers.runWith(htpasswd.password, 'oras', ...oras);
    expect(await push(peers, [])).toMatchObject({ code: 0 });
    expect(await ocipush(peers, 'logout', ...compat)).toMatchObject({ code: 0 });
    expect(await push(peers, [])).toMatchObject({ code: 125 });
    expect(await ocipush(peers, 'login', ...given, ...compat)).toMatchObject({ code: 0 });
    await peers.run('oras', 'repo', 'tags', '--plain-http', `${host}/app`);
    await peers.run('oras', 'logout', host);
    expect(await push(peers, [])).toMatchObject({ code: 125 });
  });
});
