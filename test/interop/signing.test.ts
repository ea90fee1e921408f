/** skopeo and podman verify what we signed, wherever it is stored; what cannot be signed is not pushed. */
import { chmod, cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeGpgHome, type GpgHome } from '../support/gpg-home.ts';
import { makeLayer, writeOciIndex, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import { requirePeers } from '../support/peers.ts';
import { openExchange, type Exchange } from './exchange.ts';
import { configureSignatures, identity, podmanSays, skopeoSays } from './judges.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM = { os: 'linux', architecture: 'arm64' };

const peers = ['docker-registry', 'gpg', 'skopeo', 'podman'] as const;

describe.runIf(requirePeers(...peers))('GPG signatures', () => {
  let exchange: Exchange;
  let gpg: GpgHome;
  let plain = '';
  let locked = '';

  beforeAll(async () => {
    [exchange, gpg] = await Promise.all([openExchange(), makeGpgHome()]);
    plain = gpg.makeKey('Plain <plain@example.com>');
    locked = gpg.makeKey('Locked <locked@example.com>', 'secret');
    gpg.makeKey('Another <another.plain@example.com>');
    const layers = [await makeLayer({ a: '1' })];
    await writeOciLayout(exchange.path('image'), { layers, compression: 'none' });
    const arm = await makeLayer({ a: '2' });
    const images = [
      { layers, platform: AMD64 },
      { layers: [arm], platform: ARM },
    ];
    await writeOciIndex(exchange.path('list'), { images });
    await writeFile(exchange.path('right'), 'secret\n');
    await writeFile(exchange.path('wrong'), 'mistaken\n');
    return async () => {
      await exchange[Symbol.asyncDispose]();
      await gpg[Symbol.asyncDispose]();
    };
  });

  beforeEach(async () => {
    gpg.forget();
    await rm(lookaside(), { recursive: true, force: true });
    await rm(exchange.path('digest'), { force: true });
    await configure(`lookaside: file://${lookaside()}`);
  });

  function lookaside(): string {
    return exchange.path('lookaside');
  }

  const configure = (yaml: string): Promise<void> =>
    configureSignatures(exchange, yaml, exchange.peers);

  async function sign(source: string, name: string, flags: readonly string[]): Promise<Run> {
    return exchange.push(source, name, flags, { env: { GNUPGHOME: gpg.path } });
  }

  /** That this key signed it, as it is called or as this. */
  async function signedBy(key: string, reference?: string): Promise<object> {
    const keyPath = await gpg.exportKey(key);
    const signedIdentity = identity(reference);
    return { type: 'signedBy', keyType: 'GPGKeys', keyPath, signedIdentity };
  }

  async function verdict(source: string, key: string, reference?: string): Promise<string> {
    return skopeoSays(exchange.peers, source, await signedBy(key, reference));
  }

  async function storedSignatures(): Promise<readonly string[]> {
    const paths = await readdir(lookaside(), { recursive: true });
    return paths.filter((path) => /signature-\d+$/.test(path)).toSorted();
  }

  async function requestsSince(start: number): Promise<readonly string[]> {
    return (await exchange.registry.requests()).slice(start);
  }

  test.each<[key: () => string, flags: () => readonly string[]]>([
    [() => plain, () => ['--sign-by', plain]],
    [() => locked, () => ['--sign-by', 'locked@', '--sign-passphrase-file', 'right']],
  ])('of an image are accepted, case %#', async (key, flags) => {
    expect(await sign('oci:image', 'ns/image:1', [...flags(), '--tag', '2'])).toMatchObject({
      code: 0,
    });
    for (const tag of ['1', '2']) {
      const image = `docker://${exchange.at(`ns/image:${tag}`)}`;
      expect(await verdict(image, key())).toBe('accepted');
    }
    const other = key() === plain ? locked : plain;
    const image = `docker://${exchange.at('ns/image:1')}`;
    expect(await verdict(image, other)).toContain('Source image rejected');
  });

  test('of a key in a file are accepted', async () => {
    const secret = ['--pinentry-mode=loopback', '--passphrase-fd=0', '--export-secret-keys'];
    await writeFile(exchange.path('key'), gpg.run([...secret, locked], 'secret\n'));
    const flags = ['--sign-by', './key', '--sign-passphrase-file', 'right'];
    expect(await sign('oci:image', 'ns/file:1', flags)).toMatchObject({ code: 0 });
    expect(await verdict(`docker://${exchange.at('ns/file:1')}`, locked)).toBe('accepted');
  });

  test('of a list are accepted with it and with each of its images', async () => {
    expect(await sign('oci:list', 'ns/list:1', ['--sign-by', plain])).toMatchObject({ code: 0 });
    expect(await storedSignatures()).toHaveLength(3);
    expect(await verdict(`docker://${exchange.at('ns/list:1')}`, plain)).toBe('accepted');
  });

  test('in a directory are accepted', async () => {
    const name = 'r.example/team/app:1';
    const flags = ['--sign-by', plain, '--sign-identity', name];
    const run = await exchange.home.run(['push', ...flags, 'oci:list', 'dir:signed'], {
      env: { GNUPGHOME: gpg.path },
    });
    expect(run).toMatchObject({ code: 0 });
    const copy = `dir:${exchange.path('signed')}`;
    expect(await verdict(copy, plain, name)).toBe('accepted');
    expect(await verdict(copy, plain, 'r.example/team/app:2')).toContain('Source image rejected');
    const pull = async (key: string): Promise<string> =>
      podmanSays(exchange.peers, copy, await signedBy(key, name));
    expect(await pull(plain)).toBe('accepted');
    expect(await pull(locked)).toContain('rejected');
  });

  test('are written to staging, and found where that is published, by a wider scope', async () => {
    const [staging, published] = [exchange.path('staging'), exchange.path('published')];
    const { host } = exchange.registry;
    await configure(
      `lookaside-staging: file://${staging}\n    lookaside: file://${published}\n` +
        `  ${host}/ns: { use-sigstore-attachments: true }`,
    );
    expect(await sign('oci:image', 'ns/staged:1', ['--sign-by', plain])).toMatchObject({ code: 0 });
    const image = `docker://${exchange.at('ns/staged:1')}`;
    expect(await verdict(image, plain)).toContain('no signature exists');
    await cp(staging, published, { recursive: true });
    expect(await verdict(image, plain)).toBe('accepted');
  });

  test('let podman pull', async () => {
    expect(await sign('oci:image', 'ns/pulled:1', ['--sign-by', plain])).toMatchObject({ code: 0 });
    const pull = async (key: string): Promise<string> =>
      podmanSays(exchange.peers, exchange.at('ns/pulled:1'), await signedBy(key));
    expect(await pull(locked)).toContain('rejected');
    expect(await pull(plain)).toBe('accepted');
  });

  test('go along, from a registry into a directory and back', async () => {
    expect(await sign('oci:image', 'ns/away:1', ['--sign-by', plain])).toMatchObject({ code: 0 });
    const away = ['push', '--tls-verify=false', `docker://${exchange.at('ns/away:1')}`, 'dir:away'];
    expect(await exchange.home.run(away)).toMatchObject({ code: 0 });
    await rm(lookaside(), { recursive: true });
    expect(await exchange.push('dir:away', 'ns/away:1')).toMatchObject({ code: 0 });
    expect(await verdict(`docker://${exchange.at('ns/away:1')}`, plain)).toBe('accepted');
  });

  test('of the same image are made once, and nothing of it is sent again', async () => {
    const flags = ['--sign-by', plain];
    expect(await sign('oci:image', 'ns/twice:1', flags)).toMatchObject({ code: 0 });
    const before = await storedSignatures();
    await cp(lookaside(), exchange.path('before'), { recursive: true });
    const { length } = await exchange.registry.requests();
    const again = await sign('oci:image', 'ns/twice:1', [...flags, '--output=json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ destinations: [{ status: 'unchanged' }] });
    expect(await requestsSince(length)).toEqual([
      '200 GET /v2/',
      '200 HEAD /v2/ns/twice/manifests/1',
    ]);
    expect(await storedSignatures()).toEqual(before);
    // Another key, and the image is still there.
    await sign('oci:image', 'ns/twice:1', ['--sign-by', 'locked@', '--sign-passphrase-file=right']);
    expect((await requestsSince(length)).filter((request) => /PUT|POST/.test(request))).toEqual([]);
    expect(await verdict(`docker://${exchange.at('ns/twice:1')}`, locked)).toBe('accepted');
  });

  describe('that cannot be made or stored end the push before the first upload:', () => {
    const unprivileged = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

    test.each<[what: string, flags: readonly string[], yaml: string, complaint: string]>([
      [
        'a wrong passphrase',
        ['--sign-by=locked@', '--sign-passphrase-file=wrong'],
        '',
        'Bad passphrase',
      ],
      ['no passphrase', ['--sign-by=locked@'], '', 'creating signature: '],
      [
        'an unknown key',
        ['--sign-by=nobody@example.com'],
        '',
        'key "nobody@example.com" not found',
      ],
      ['a name of two keys', ['--sign-by=plain@example.com'], '', 'Ambiguous name'],
      ['a missing key file', ['--sign-by=./missing'], '', 'no such file or directory'],
      [
        'a lookaside on the web',
        ['--sign-by=<plain@example.com>'],
        'lookaside: https://r.example',
        'Writing directly',
      ],
      [
        'a lookaside that is a file',
        ['--sign-by=<plain@example.com>'],
        'lookaside: file:///etc/hostname',
        'writ',
      ],
    ])('%s', async (_, flags, yaml, complaint) => {
      if (yaml !== '') await configure(yaml);
      const { length } = await exchange.registry.requests();
      const run = await sign('oci:image', 'ns/unsigned:1', flags);
      expect(run).toMatchObject({
        code: 125,
        stderr: expect.stringContaining(complaint) as string,
      });
      expect((await requestsSince(length)).filter((request) => /PUT|POST/.test(request))).toEqual(
        [],
      );
      expect(await exchange.digestFile()).toBeUndefined();
    });

    test('a lookaside that is read-only', async () => {
      await mkdir(lookaside());
      await chmod(exchange.home.path, 0o777);
      const secret = gpg.run(['--export-secret-keys', plain]);
      await writeFile(exchange.path('plain'), secret);
      const { length } = await exchange.registry.requests();
      const run = await exchange.push('oci:image', 'ns/unsigned:1', ['--sign-by=./plain'], {
        under: unprivileged,
      });
      expect(run).toMatchObject({
        code: 125,
        stderr: expect.stringContaining(`writing to ${lookaside()}: permission denied`) as string,
      });
      expect((await requestsSince(length)).filter((request) => /PUT|POST/.test(request))).toEqual(
        [],
      );
    });
  });
});
