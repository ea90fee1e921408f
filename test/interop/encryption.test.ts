/** What we encrypt, skopeo decrypts with the private keys, and with no others; what it encrypts stays so. */
import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { startProviderService, writeProviderCommand } from '../support/key-provider.ts';
import {
  makeLayer,
  noise,
  writeOciIndex,
  writeOciLayout,
  type MadeImage,
  type MadeIndex,
} from '../support/make-image.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';
import { openExchange, type Exchange } from './exchange.ts';
import { makeKeyring, makeToken, writeCertificate, writePair } from './key-files.ts';
import { curvePair, rsaPair } from '../support/key-pairs.ts';

const ALICE = { name: 'Alice Example', comment: 'test', email: 'alice@example.org' };

/** What is encrypted for, and what decrypts it; files are in the home of ocipush. */
const RECIPIENTS: readonly (readonly [key: string, decryption: readonly string[]])[] = [
  ['jwe:rsa.pem', ['rsa.key']],
  ['jwe:rsa.der', ['rsa.key']],
  ['jwe:rsa.jwk', ['rsa.key']],
  ['jwe:rsa.crt', ['rsa.key']],
  ['jwe:rsa.cer', ['rsa.key']],
  ['jwe:P-256.pem', ['P-256.key']],
  ['jwe:P-256.der', ['P-256.key']],
  ['jwe:P-256.jwk', ['P-256.key']],
  ['jwe:P-384.pem', ['P-384.key']],
  ['jwe:P-521.pem', ['P-521.key']],
  ['jwe:P-521.jwk', ['P-521.key']],
  ['pkcs7:rsa.crt', ['rsa.key', 'rsa.crt']],
  ['pkcs7:rsa.cer', ['rsa.key', 'rsa.crt']],
  [`pgp:${ALICE.email}`, ['ring/secret.gpg']],
  [`pgp:${ALICE.name}`, ['ring/secret.gpg']],
  ['pgp:FINGERPRINT', ['ring/secret.gpg']],
  ['pgp:./ring/public.gpg', ['ring/secret.gpg']],
  ['pgp:./ring/public.asc', ['ring/secret.gpg']],
  ['pkcs11:token/key.yaml', ['token/key.yaml']],
  ['pkcs11:URI', ['token/key.yaml']],
  ['pkcs11:long.pem', ['token/key.yaml']],
  ['provider:program:parameter', ['provider:program']],
  ['provider:service', ['provider:service']],
];

describe.runIf(
  requirePeers('docker-registry', 'skopeo', 'skopeo-12', 'gpg', 'openssl', 'p11tool', 'softhsm'),
)('encrypted images', () => {
  let exchange: Exchange;
  let skopeo: PeerHome;
  let image: MadeImage;
  let list: MadeIndex;
  let environment: Readonly<Record<string, string>>;
  let fingerprint: string;
  let pushes = 0;

  beforeAll(async () => {
    exchange = await openExchange();
    const service = await startProviderService();
    const at = (name: string): string => exchange.path(name);
    await writePair(exchange.home.path, 'rsa', rsaPair());
    // Readers compare the issuer byte by byte.
    writeCertificate(exchange.home.path, 'rsa', '/CN=Jörg/O=Größe und Söhne');
    for (const curve of ['P-256', 'P-384', 'P-521'] as const) {
      await writePair(exchange.home.path, curve, curvePair(curve));
    }
    await writePair(exchange.home.path, 'other', curvePair('P-256'));
    await writePair(exchange.home.path, 'long', rsaPair(3072));
    const token = await makeToken(at('token'), at('long.key'));
    ({ fingerprint } = await makeKeyring(at('ring'), ALICE));
    await writeProviderCommand(at('provider'));
    const providers = {
      program: { cmd: { path: at('provider') } },
      service: { grpc: service.address },
    };
    await writeFile(at('providers.json'), JSON.stringify({ 'key-providers': providers }));
    environment = {
      GNUPGHOME: at('ring'),
      OCICRYPT_KEYPROVIDER_CONFIG: at('providers.json'),
      OCICRYPT_CONFIG: token.config,
      // SoftHSM knows no other.
      OCICRYPT_OAEP_HASHALG: 'sha1',
      SOFTHSM2_CONF: at('token/softhsm2.conf'),
    };
    skopeo = await makePeerHome(environment);
    const layers = await Promise.all([
      makeLayer({ 'etc/': '', 'etc/motd': 'Hello' }),
      makeLayer({ big: noise(3_000_000) }),
    ]);
    image = await writeOciLayout(at('image'), { layers, compression: 'gzip', tag: 'it' });
    const [first, second] = [layers.slice(0, 1), layers.slice(1)];
    list = await writeOciIndex(at('list'), {
      images: [
        { layers: first, compression: 'gzip' },
        {
          layers: second,
          compression: 'gzip',
          platform: { os: 'linux', architecture: 'arm64' },
        },
      ],
      tag: 'it',
    });
    return async () => {
      await skopeo[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
      await exchange[Symbol.asyncDispose]();
    };
  });

  /** Pushes for these recipients, and says where to. */
  async function push(source: string, keys: readonly string[], ...flags: string[]) {
    pushes += 1;
    const name = `encrypted/${pushes}:1`;
    const module = exchange.path('token/libsofthsm2.so');
    const uri = `pkcs11:token=test;object=layers?module-path=${module}`;
    const typed = keys.map((key) => key.replace('FINGERPRINT', fingerprint).replace('URI', uri));
    const words = typed.flatMap((key) => ['--encryption-key', key]);
    const run = await exchange.push(source, name, [...words, ...flags], { env: environment });
    expect(run).toMatchObject({ code: 0 });
    return `docker://${exchange.at(name)}`;
  }

  /** Where skopeo has put what it makes of an image with these keys, from our home. */
  async function decrypt(
    source: string,
    keys: readonly string[],
    peer: 'skopeo' | 'skopeo-12' = 'skopeo',
    ...flags: string[]
  ) {
    pushes += 1;
    const target = `oci:${exchange.path(`decrypted-${pushes}`)}:it`;
    const found = keys.map((key) => (key.startsWith('provider:') ? key : exchange.path(key)));
    const words = found.flatMap((key) => ['--decryption-key', key]);
    const copy = ['copy', '--quiet', '--src-tls-verify=false', ...flags, ...words];
    await skopeo.run(peer, ...copy, source, target);
    return target;
  }

  /** The digest of that. */
  async function decrypted(...args: Parameters<typeof decrypt>) {
    return digestOf(await skopeo.run('skopeo', 'inspect', '--raw', await decrypt(...args)));
  }

  async function layersAt(place: string): Promise<readonly Record<string, unknown>[]> {
    const raw = await skopeo.run('skopeo', 'inspect', '--raw', '--tls-verify=false', place);
    const { layers } = JSON.parse(raw.toString()) as { layers: Record<string, unknown>[] };
    return layers;
  }

  test.each(RECIPIENTS)('for %s are decrypted with %j', async (key, decryption) => {
    const place = await push('oci:image:it', [key]);
    const types = (await layersAt(place)).map(({ mediaType }) => mediaType);
    const type = 'application/vnd.oci.image.layer.v1.tar+gzip+encrypted';
    expect(types).toEqual([type, type]);
    // Decrypted, the layers are the source's, and so is the whole image.
    expect(await decrypted(place, decryption)).toBe(image.manifest.descriptor.digest);
  });

  test('are decrypted by the skopeo of Debian 12', async () => {
    const place = await push('oci:image:it', ['jwe:P-256.pem', 'pkcs7:rsa.crt']);
    for (const keys of [['P-256.key'], ['rsa.key', 'rsa.crt']]) {
      expect(await decrypted(place, keys, 'skopeo-12')).toBe(image.manifest.descriptor.digest);
    }
  });

  test('for several recipients are decrypted by each of them, and by nobody else', async () => {
    const keys = ['jwe:P-384.pem', 'jwe:P-521.pem', `pgp:${ALICE.email}`, 'pkcs7:rsa.crt'];
    const place = await push('oci:image:it', keys);
    const openers = [['P-384.key'], ['P-521.key'], ['ring/secret.gpg'], ['rsa.key', 'rsa.crt']];
    for (const opener of openers) {
      expect(await decrypted(place, opener)).toBe(image.manifest.descriptor.digest);
    }
    for (const stranger of ['other.key', 'P-256.key']) {
      await expect(decrypted(place, [stranger])).rejects.toThrow(/private key/);
    }
  });

  test.each([
    ['0', ['+gzip+encrypted', '+gzip']],
    ['-1', ['+gzip', '+gzip+encrypted']],
    ['0,-1', ['+gzip+encrypted', '+gzip+encrypted']],
  ])('have layer %s encrypted alone', async (index, ends) => {
    const place = await push('oci:image:it', ['jwe:P-256.pem'], `--encrypt-layer=${index}`);
    const types = (await layersAt(place)).map(({ mediaType }) => String(mediaType));
    expect(types.map((type) => type.replace(/^.*\.tar/, ''))).toEqual(ends);
    expect(await decrypted(place, ['P-256.key'])).toBe(image.manifest.descriptor.digest);
  });

  test.each(['gzip', 'zstd', 'zstd:chunked'])('are compressed as %s before', async (format) => {
    const name = `plain-${format.replace(':', '-')}`;
    const plain = await writeOciLayout(exchange.path(name), {
      layers: [await makeLayer({ a: 'a' }), await makeLayer({ b: noise(100_000) })],
      tag: 'it',
    });
    const place = await push(`oci:${name}:it`, ['jwe:P-256.pem'], `--compression-format=${format}`);
    const end = `+${format.split(':')[0]}+encrypted`;
    for (const { mediaType } of await layersAt(place))
      expect(String(mediaType).endsWith(end)).toBe(true);
    const opened = await decrypt(place, ['P-256.key']);
    const target = `dir:${exchange.path(`${name}-again`)}`;
    await skopeo.run('skopeo', 'copy', '--quiet', '--dest-decompress', opened, target);
    const layers = await layersAt(target);
    expect(layers.map(({ digest }) => digest)).toEqual(plain.layers.map(({ diffID }) => diffID));
  });

  test('in a list are encrypted all', async () => {
    const place = await push('oci:list:it', ['jwe:P-256.pem']);
    const opened = await decrypt(place, ['P-256.key'], 'skopeo', '--all');
    const index = JSON.parse(
      (await skopeo.run('skopeo', 'inspect', '--raw', opened)).toString(),
    ) as { readonly manifests: readonly { readonly digest: string }[] };
    expect(index.manifests.map(({ digest }) => digest)).toEqual(
      list.images.map(({ manifest }) => manifest.descriptor.digest),
    );
  });

  test('of skopeo go as they are, also where a key is given', async () => {
    const target = exchange.path('by-skopeo');
    const key = `jwe:${exchange.path('P-521.pem')}`;
    const words = ['copy', '--quiet', '--encryption-key', key];
    await skopeo.run('skopeo', ...words, `oci:${exchange.path('image')}:it`, `oci:${target}:it`);
    const original = digestOf(await skopeo.run('skopeo', 'inspect', '--raw', `oci:${target}:it`));
    for (const keys of [[], ['jwe:P-256.pem']]) {
      const place = await push('oci:by-skopeo:it', keys);
      expect(await exchange.digestFile()).toBe(original);
      expect(await decrypted(place, ['P-521.key'])).toBe(image.manifest.descriptor.digest);
    }
  });
});
