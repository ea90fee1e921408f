/** skopeo, podman and cosign verify what a push signed for sigstore; what cannot be attached is not pushed. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeLayer, writeOciIndex, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';
import { openExchange, type Exchange } from './exchange.ts';
import { configureSignatures, cosignSays, identity, podmanSays, skopeoSays } from './judges.ts';

const PASSPHRASE = 's3cret';
const RIGHT = ['--sign-passphrase-file=right'];

const PEERS = ['docker-registry', 'skopeo', 'podman', 'cosign'] as const;

describe.runIf(requirePeers(...PEERS))('sigstore signatures', () => {
  let exchange: Exchange;
  let peers: PeerHome;

  beforeAll(async () => {
    [exchange, peers] = await Promise.all([
      openExchange(),
      makePeerHome({ COSIGN_PASSWORD: PASSPHRASE }),
    ]);
    await peers.run('cosign', 'generate-key-pair');
    const layers = [await makeLayer({ a: '1' })];
    await writeOciLayout(exchange.path('image'), { layers, compression: 'none' });
    const platform = { os: 'linux', architecture: 'amd64' };
    const other = {
      layers: [await makeLayer({ a: '2' })],
      platform: { ...platform, architecture: 'arm64' },
    };
    await writeOciIndex(exchange.path('list'), { images: [{ layers, platform }, other] });
    await writeFile(exchange.path('right'), `${PASSPHRASE}\n`);
    await writeFile(exchange.path('wrong'), 'mistaken\n');
    const file = { privateKeyFile: key(), privateKeyPassphraseFile: exchange.path('right') };
    await writeFile(exchange.path('parameters'), JSON.stringify(file));
    return async () => {
      await exchange[Symbol.asyncDispose]();
      await peers[Symbol.asyncDispose]();
    };
  });

  beforeEach(async () => {
    await rm(exchange.path('digest'), { force: true });
    await configure('use-sigstore-attachments: true');
  });

  function key(): string {
    return join(peers.path, 'cosign.key');
  }

  function bySigstore(): string {
    return `--sign-by-sigstore-private-key=${key()}`;
  }

  const configure = (yaml: string): Promise<void> => configureSignatures(exchange, yaml, peers);

  /** That the key signed it, as it is called or as this. */
  function required(reference?: string): object {
    const keyPath = join(peers.path, 'cosign.pub');
    return { type: 'sigstoreSigned', keyPath, signedIdentity: identity(reference) };
  }

  const verdict = (source: string, reference?: string): Promise<string> =>
    skopeoSays(peers, source, required(reference));

  async function writesSince(start: number): Promise<readonly string[]> {
    const requests = (await exchange.registry.requests()).slice(start);
    return requests.filter((request) => / (?:PUT|POST|PATCH) /.test(request));
  }

  const sign = (name: string, flags: readonly string[], source = 'oci:image'): Promise<Run> =>
    exchange.push(source, name, flags);

  test('of an image are accepted by all', async () => {
    const run = await sign('ns/image:1', [bySigstore(), ...RIGHT, '--tag=2']);
    expect(run).toMatchObject({ code: 0 });
    for (const name of ['ns/image:1', 'ns/image:2']) {
      expect(await verdict(`docker://${exchange.at(name)}`)).toBe('accepted');
    }
    const image = exchange.at('ns/image:1');
    const flags = ['--key=cosign.pub', '--insecure-ignore-tlog=true'];
    expect(await cosignSays(peers, image, ...flags)).toBe('accepted');
    expect(await podmanSays(peers, image, required())).toBe('accepted');
    expect(await podmanSays(peers, image, required('r.example/a:1'))).toContain('is not accepted');
  });

  test('by a parameter file are accepted, and in a directory', async () => {
    const flags = ['--sign-by-sigstore=parameters'];
    expect(await sign('ns/file:1', flags)).toMatchObject({ code: 0 });
    expect(await verdict(`docker://${exchange.at('ns/file:1')}`)).toBe('accepted');
    const name = 'r.example/app:1';
    const local = ['push', ...flags, '--sign-identity', name, 'oci:image', 'dir:signed'];
    expect(await exchange.home.run(local)).toMatchObject({ code: 0 });
    const signed = `dir:${exchange.path('signed')}`;
    expect(await verdict(signed, name)).toBe('accepted');
    expect(await podmanSays(peers, signed, required(name))).toBe('accepted');
    expect(await podmanSays(peers, signed, required('r.example/app:2'))).toContain('rejected');
  });

  test('of a list are accepted with it and with each of its images', async () => {
    const run = await sign('ns/list:1', [bySigstore(), ...RIGHT], 'oci:list');
    expect(run).toMatchObject({ code: 0 });
    expect(await verdict(`docker://${exchange.at('ns/list:1')}`)).toBe('accepted');
    const puts = (await exchange.registry.requests()).filter((request) =>
      /PUT \/v2\/ns\/list\/manifests\/sha256-[0-9a-f]{64}\.sig$/.test(request),
    );
    expect(puts).toHaveLength(3);
  });

  test('go along, from a registry into a directory and to another repository', async () => {
    await sign('ns/away:1', [bySigstore(), ...RIGHT]);
    const from = `docker://${exchange.at('ns/away:1')}`;
    const away = ['push', '--tls-verify=false', from, 'dir:away', exchange.at('ns/other:1')];
    expect(await exchange.home.run(away)).toMatchObject({ code: 0 });
    const name = exchange.at('ns/away:1');
    expect(await verdict(`dir:${exchange.path('away')}`, name)).toBe('accepted');
    expect(await verdict(`docker://${exchange.at('ns/other:1')}`, name)).toBe('accepted');
  });

  test('of the same image are made once, and nothing is sent again', async () => {
    await sign('ns/twice:1', [bySigstore(), ...RIGHT]);
    const { length } = await exchange.registry.requests();
    const again = await sign('ns/twice:1', [bySigstore(), ...RIGHT, '--output=json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ destinations: [{ status: 'unchanged' }] });
    expect(again.stderr).not.toContain('Creating signature');
    expect(await writesSince(length)).toEqual([]);
  });

  test.each<[what: string, flags: readonly string[], yaml: string, complaint: string]>([
    [
      'with a wrong passphrase',
      ['--sign-passphrase-file=wrong'],
      'use-sigstore-attachments: true',
      'decryption failed',
    ],
    [
      'where they may not be attached',
      RIGHT,
      'use-sigstore-attachments: false',
      'writing sigstore attachments is disabled by configuration',
    ],
  ])('%s are not made, and nothing is pushed', async (_, flags, yaml, complaint) => {
    await configure(yaml);
    const { length } = await exchange.registry.requests();
    const run = await sign('ns/unsigned:1', [bySigstore(), ...flags]);
    expect(run).toMatchObject({ code: 125, stderr: expect.stringContaining(complaint) as string });
    expect(await writesSince(length)).toEqual([]);
    expect(await exchange.digestFile()).toBeUndefined();
  });

  test('take a passphrase from a pipe, as podman does', async () => {
    const input = Buffer.from(`${PASSPHRASE}\n`);
    expect(await exchange.push('oci:image', 'ns/piped:1', [bySigstore()], { input })).toMatchObject(
      {
        code: 0,
      },
    );
    expect(await verdict(`docker://${exchange.at('ns/piped:1')}`)).toBe('accepted');
  });
});
