/** Registries that ask who one is, and prove who they are: passwords, the peers' logins, certificates. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DockerRegistryOptions } from '../support/docker-registry.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import type { RunOptions } from '../support/ocipush.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers, type PeerName } from '../support/peers.ts';
import { digestRead, openExchange, type Exchange } from './exchange.ts';

const htpasswd = { user: 'someone', password: 'pass:word, "quoted" é' };

interface Login {
  readonly peer: PeerName;
  readonly args?: readonly string[];
  /** What follows the host in the name that is logged in to. */
  readonly path?: string;
  /** How ocipush learns where the login was written, below the home of the peer. */
  readonly flags?: (home: string) => readonly string[];
  readonly env?: (home: string) => Readonly<Record<string, string>>;
}

const runtime = (home: string) => ({ XDG_RUNTIME_DIR: home });
const authfile = (home: string) => ['--authfile', join(home, 'auth')];

const LOGINS: readonly Login[] = [
  { peer: 'podman', env: runtime },
  { peer: 'podman-12', env: runtime },
  { peer: 'skopeo', env: runtime },
  { peer: 'skopeo-12', env: runtime },
  { peer: 'buildah', env: runtime },
  { peer: 'podman', args: ['--authfile=auth'], flags: authfile },
  { peer: 'podman', args: ['--authfile=auth'], path: '/app', flags: authfile },
  {
    peer: 'skopeo',
    args: ['--authfile=auth'],
    env: (home) => ({ REGISTRY_AUTH_FILE: join(home, 'auth') }),
  },
  // Docker's own file: ~/.docker/config.json.
  { peer: 'oras', env: (home) => ({ HOME: home }) },
];

describe.runIf(requirePeers('docker-registry', ...LOGINS.map(({ peer }) => peer)))(
  'a registry with passwords',
  () => {
    const creds = `${htpasswd.user}:${htpasswd.password}`;
    let exchange: Exchange;

    beforeAll(async () => {
      exchange = await openWithImage({ htpasswd });
      return () => exchange[Symbol.asyncDispose]();
    });

    test('takes those of --creds', async () => {
      expect(await exchange.push('oci:image', 'app:1', ['--creds', creds])).toMatchObject({
        code: 0,
      });
      const found = await digestRead(exchange, 'app:1', '--tls-verify=false', `--creds=${creds}`);
      expect(found).toBe(await exchange.digestFile());
    });

    test.each([[[]], [['--creds', 'someone:wrong']], [['--creds', 'nobody:pass']]])(
      'refuses %j',
      async (flags) => {
        await using refused = await openWithImage({ htpasswd });
        expect(await refused.push('oci:image', 'app:1', flags)).toMatchObject({
          code: 125,
          stdout: '',
        });
        const requests = await refused.registry.requests();
        expect(requests.length).toBeGreaterThan(0);
        expect(requests.filter((request) => !request.startsWith('401 '))).toEqual([]);
        expect(await refused.digestFile()).toBeUndefined();
      },
    );

    test.each(LOGINS)('takes those of $peer login $args to the host$path', async (login) => {
      await using peers = await makePeerHome();
      await logIn(peers, exchange.registry.host, login);
      const flags = login.flags?.(peers.path) ?? [];
      const options: RunOptions = login.env ? { env: login.env(peers.path) } : {};
      expect(await exchange.push('oci:image', 'app:2', flags, options)).toMatchObject({ code: 0 });
    });
  },
);

describe.runIf(requirePeers('docker-registry', 'skopeo', 'openssl'))('a registry with TLS', () => {
  let certificates: PeerHome;
  const pem = (name: string): string => join(certificates.path, name);

  beforeAll(async () => {
    certificates = await makePeerHome();
    await makeCertificate(certificates, 'ca');
    const byCA = ['-CA', 'ca.crt', '-CAkey', 'ca.key'];
    await makeCertificate(
      certificates,
      'server',
      ...byCA,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    );
    await makeCertificate(certificates, 'client', ...byCA);
    await makeCertificate(certificates, 'stranger');
  });

  afterAll(async () => certificates[Symbol.asyncDispose]());

  const open = (tls: { clientCA?: string } = {}): Promise<Exchange> =>
    openWithImage({ tls: { cert: pem('server.crt'), key: pem('server.key'), ...tls } });

  test('is trusted by its CA in --cert-dir', async () => {
    await using exchange = await open();
    await putCertificates(exchange.path('certs'), { 'ca.crt': pem('ca.crt') });
    const trust = `--cert-dir=${exchange.path('certs')}`;
    expect(await exchange.push('oci:image', 'app:1', [trust])).toMatchObject({ code: 0 });
    expect(await digestRead(exchange, 'app:1', trust)).toBe(await exchange.digestFile());
  });

  test('is trusted by its CA in certs.d of the home', async () => {
    await using exchange = await open();
    const directory = exchange.path(`.config/containers/certs.d/${exchange.registry.host}`);
    await putCertificates(directory, { 'ca.crt': pem('ca.crt') });
    expect(await exchange.push('oci:image', 'app:1')).toMatchObject({ code: 0 });
  });

  test('is not trusted without its CA', async () => {
    await using exchange = await open();
    expect(await exchange.push('oci:image', 'app:1')).toMatchObject({ code: 125, stdout: '' });
    expect(await exchange.registry.requests()).toEqual([]);
    expect(await exchange.digestFile()).toBeUndefined();
  });

  test('is used without trust where that is allowed', async () => {
    await using exchange = await open();
    const run = await exchange.push('oci:image', 'app:1', ['--tls-verify=false']);
    expect(run).toMatchObject({ code: 0 });
    const found = await digestRead(exchange, 'app:1', '--tls-verify=false');
    expect(found).toBe(await exchange.digestFile());
  });

  test('is shown the client certificate in --cert-dir', async () => {
    await using exchange = await open({ clientCA: pem('ca.crt') });
    const directory = exchange.path('certs');
    const trust = ['--cert-dir', directory];
    await putCertificates(directory, { 'ca.crt': pem('ca.crt') });
    const refused = await exchange.push('oci:image', 'app:1', trust);
    expect(refused).toMatchObject({ code: 125 });
    // The alert comes after the handshake, and must not be taken for a connection that broke.
    expect(refused.stderr).toContain('remote error: tls: ');
    expect(await exchange.registry.requests()).toEqual([]);
    const client = { 'client.cert': pem('client.crt'), 'client.key': pem('client.key') };
    await putCertificates(directory, client);
    expect(await exchange.push('oci:image', 'app:1', trust)).toMatchObject({ code: 0 });
    expect(await digestRead(exchange, 'app:1', ...trust)).toBe(await exchange.digestFile());
  });

  test('is shown the one of several client certificates that it wants', async () => {
    await using exchange = await open({ clientCA: pem('ca.crt') });
    const directory = exchange.path('certs');
    await putCertificates(directory, {
      'ca.crt': pem('ca.crt'),
      // Of the same kind of key: node:tls would show the last one.
      'a.cert': pem('stranger.crt'),
      'a.key': pem('stranger.key'),
      'b.cert': pem('client.crt'),
      'b.key': pem('client.key'),
      'c.cert': pem('stranger.crt'),
      'c.key': pem('stranger.key'),
    });
    const trust = ['--cert-dir', directory];
    expect(await exchange.push('oci:image', 'app:1', trust)).toMatchObject({ code: 0 });
    expect(await digestRead(exchange, 'app:1', ...trust)).toBe(await exchange.digestFile());
  });

  test('is trusted by a CA that the system trusts', async () => {
    await using exchange = await open();
    const env = { SSL_CERT_FILE: pem('ca.crt') };
    expect(await exchange.push('oci:image', 'app:1', [], { env })).toMatchObject({ code: 0 });
  });

  test('is demanded unless told otherwise', async () => {
    await using exchange = await openWithImage({});
    const run = await exchange.push('oci:image', 'app:1', ['--tls-verify=true']);
    expect(run).toMatchObject({ code: 125, stdout: '' });
    expect(await exchange.registry.requests()).toEqual([]);
    expect(await exchange.digestFile()).toBeUndefined();
  });
});

async function openWithImage(options: DockerRegistryOptions): Promise<Exchange> {
  const exchange = await openExchange(options);
  const layers = [await makeLayer({ 'etc/motd': 'Hello' })];
  await writeOciLayout(exchange.path('image'), { layers });
  return exchange;
}

async function logIn(peers: PeerHome, host: string, login: Login): Promise<void> {
  const { peer, args = [], path = '' } = login;
  const plain = peer === 'oras' ? '--plain-http' : '--tls-verify=false';
  const flags = ['--username', htpasswd.user, '--password-stdin', plain, ...args];
  await peers.runWith(htpasswd.password, peer, 'login', ...flags, `${host}${path}`);
}

/** Writes NAME.crt and NAME.key; signed by itself unless told otherwise. */
async function makeCertificate(
  peers: PeerHome,
  name: string,
  ...args: readonly string[]
): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  const subject = ['-days', '2', '-subj', `/CN=${name}`];
  await peers.run('openssl', 'req', '-x509', ...key, ...subject, ...files, ...args);
}

async function putCertificates(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, source] of Object.entries(files)) {
    await copyFile(source, join(directory, name));
  }
}
