/** skopeo and cosign accept what we sign for sigstore with all kinds of keys, in both forms, and put on record. */
import { createPublicKey, generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { makeLayer, writeOciIndex, writeOciLayout } from '../support/make-image.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';
import { EMAIL } from '../support/sigstore/provider.ts';
import { startSigstoreServices, type SigstoreServices } from '../support/sigstore/services.ts';
import { openExchange, type Exchange } from './exchange.ts';
import { configureSignatures, cosignSays, cosignSaysOfBundles, skopeoSays } from './judges.ts';

const PASSPHRASE = 's3cret';
const UNLOGGED = '--insecure-ignore-tlog=true';

interface Artifact {
  readonly layers: readonly [{ readonly digest: string }];
}

/** What differs from one bundle to the next: by its value, or, in the case of the config's type, by taste. */
const VARYING = ['digest', 'size', 'payload', 'sig', 'org.opencontainers.image.created'];

/** The members of an object and their values, as far as those are the same in all bundles. */
function shapeOf(value: object): unknown {
  const { config, ...rest } = value as { readonly config?: { readonly artifactType?: string } };
  const { artifactType: _, ...plain } = config ?? {};
  return JSON.parse(
    JSON.stringify(config ? { config: plain, ...rest } : rest),
    (key, each: unknown) => (VARYING.includes(key) ? typeof each : each),
  ) as unknown;
}

describe.runIf(requirePeers('docker-registry', 'skopeo', 'cosign'))('a sigstore signature', () => {
  let exchange: Exchange;
  let peers: PeerHome;
  let services: SigstoreServices;

  beforeAll(async () => {
    [exchange, services] = await Promise.all([openExchange(), startSigstoreServices()]);
    const [rekorKey, authority] = [exchange.path('rekor.pub'), exchange.path('ca.pem')];
    const places = { SIGSTORE_REKOR_PUBLIC_KEY: rekorKey, SIGSTORE_ROOT_FILE: authority };
    peers = await makePeerHome(places);
    await writeFile(rekorKey, services.log.publicKey);
    await writeFile(authority, services.authority.certificate);
    await writeFile(exchange.path('phrase'), PASSPHRASE);
    await configureSignatures(exchange, 'use-sigstore-attachments: true', peers);
    await writeOciLayout(exchange.path('image'), { layers: [await makeLayer({ a: '1' })] });
  });

  afterAll(async () => {
    await exchange[Symbol.asyncDispose]();
    await peers[Symbol.asyncDispose]();
    await services[Symbol.asyncDispose]();
  });

  /** Pushes the image, signed in both forms. */
  async function sign(name: string, ...flags: readonly string[]): Promise<void> {
    const both = ['--sign-sigstore-form=both', ...flags];
    const env = { SIGSTORE_REKOR_PUBLIC_KEY: exchange.path('rekor.pub') };
    expect(await exchange.push('oci:image', name, both, { env })).toMatchObject({ code: 0 });
  }

  const withKey = (file: string): readonly string[] => [
    `--sign-by-sigstore-private-key=${file}`,
    `--sign-passphrase-file=${exchange.path('phrase')}`,
  ];

  /** All say the same of a key. */
  async function verdicts(name: string, publicKey: string): Promise<readonly string[]> {
    const requirement = { type: 'sigstoreSigned', keyPath: publicKey };
    const flags = ['--key', publicKey, UNLOGGED];
    return [
      await skopeoSays(peers, `docker://${exchange.at(name)}`, requirement),
      await cosignSays(peers, exchange.at(name), ...flags),
      await cosignSaysOfBundles(peers, exchange.at(name), {}, ...flags),
    ];
  }

  const ACCEPTED = ['accepted', 'accepted', 'accepted'];

  const keyMakers: Readonly<Record<'cosign' | 'skopeo', (prefix: string) => Promise<Buffer>>> = {
    cosign: (prefix) =>
      peers.runWith(PASSPHRASE, 'cosign', 'generate-key-pair', '--output-key-prefix', prefix),
    skopeo: (prefix) => {
      const flags = ['--output-prefix', prefix, '--passphrase-file', exchange.path('phrase')];
      return peers.run('skopeo', 'generate-sigstore-key', ...flags);
    },
  };
  const suffixes = { cosign: 'key', skopeo: 'private' } as const;

  test.each(['cosign', 'skopeo'] as const)('with a key of %s', async (maker) => {
    const prefix = exchange.path(maker);
    await keyMakers[maker](prefix);
    const name = `ns/by-${maker}:1`;
    await sign(name, ...withKey(`${prefix}.${suffixes[maker]}`));
    expect(await verdicts(name, `${prefix}.pub`)).toEqual(ACCEPTED);
    const stranger = exchange.path(`not-${maker}`);
    await keyMakers.skopeo(stranger);
    expect(await verdicts(name, `${stranger}.pub`)).toEqual([
      expect.stringContaining('cryptographic signature verification failed'),
      expect.stringContaining('invalid signature'),
      expect.stringContaining('no matching attestations'),
    ]);
  });

  test('of a list is found with each of its images, and goes along', async () => {
    const prefix = exchange.path('list-key');
    await keyMakers.cosign(prefix);
    const images = ['amd64', 'arm64'].map((architecture) => ({
      layers: [],
      platform: { os: 'linux', architecture },
    }));
    const list = await writeOciIndex(exchange.path('list'), { images });
    const flags = ['--sign-sigstore-form=referrer', ...withKey(`${prefix}.key`)];
    expect(await exchange.push('oci:list', 'ns/list:1', flags)).toMatchObject({ code: 0 });
    const from = `docker://${exchange.at('ns/list:1')}`;
    const copied = await exchange.push(from, 'ns/copy:1', ['--referrers=signatures']);
    expect(copied).toMatchObject({ code: 0 });
    const manifests = [...list.images.map(({ manifest }) => manifest), list.index];
    for (const { descriptor } of manifests) {
      const name = exchange.at(`ns/copy@${descriptor.digest}`);
      const key = ['--key', `${prefix}.pub`, UNLOGGED];
      expect(await cosignSaysOfBundles(peers, name, {}, ...key)).toBe('accepted');
    }
  });

  /** The artifact that refers to an image, and the bundle in it. */
  async function artifactOf(name: string, digest: string): Promise<readonly object[]> {
    const get = async (path: string): Promise<Response> =>
      fetch(`http://${exchange.registry.host}/v2/${name}/${path}`, {
        headers: { accept: `${OCI_INDEX}, ${OCI_MANIFEST}` },
      });
    const list = await get(`manifests/${digest.replace(':', '-')}`);
    const { manifests } = (await list.json()) as { manifests: [{ digest: string }] };
    const artifact = (await (await get(`manifests/${manifests[0].digest}`)).json()) as Artifact;
    return [artifact, (await (await get(`blobs/${artifact.layers[0].digest}`)).json()) as object];
  }

  test('has the shape of one by cosign, and is not made beside it', async () => {
    const prefix = exchange.path('shape');
    await keyMakers.cosign(prefix);
    expect(await exchange.push('oci:image', 'ns/theirs:1')).toMatchObject({ code: 0 });
    const digest = String(await exchange.digestFile());
    await writeFile(exchange.path('predicate'), '{}');
    const statement = ['--type', 'https://sigstore.dev/cosign/sign/v1', '--predicate'];
    const flags = ['--new-bundle-format', '--tlog-upload=false', '--allow-insecure-registry'];
    const attest = ['--yes', '--key', `${prefix}.key`, ...flags, ...statement];
    const theirs = exchange.at(`ns/theirs@${digest}`);
    await peers.runWith(
      PASSPHRASE,
      'cosign',
      'attest',
      ...attest,
      exchange.path('predicate'),
      theirs,
    );
    const signing = ['--sign-sigstore-form=referrer', ...withKey(`${prefix}.key`)];
    const again = await exchange.push('oci:image', 'ns/theirs:1', signing);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).not.toContain('Creating signature');
    const ours = await exchange.push('oci:image', 'ns/shape:1', signing);
    expect(ours.stderr).toContain('Creating signature');
    expect((await artifactOf('ns/shape', digest)).map(shapeOf)).toEqual(
      (await artifactOf('ns/theirs', digest)).map(shapeOf),
    );
  });

  test('beside those that cosign attached', async () => {
    const [ours, theirs] = [exchange.path('ours'), exchange.path('theirs')];
    await keyMakers.skopeo(ours);
    await keyMakers.cosign(theirs);
    const name = 'ns/both:1';
    expect(await exchange.push('oci:image', name)).toMatchObject({ code: 0 });
    const image = exchange.at(`ns/both@${await exchange.digestFile()}`);
    const flags = ['--key', `${theirs}.key`, '--tlog-upload=false', '--allow-insecure-registry'];
    await peers.runWith(PASSPHRASE, 'cosign', 'sign', '--yes', ...flags, image);
    await sign(name, ...withKey(`${ours}.private`));
    expect(await verdicts(name, `${ours}.pub`)).toEqual(ACCEPTED);
    const [, attached] = await verdicts(name, `${theirs}.pub`);
    expect(attached).toBe('accepted');
  });

  test.each<readonly [kind: string, keys: { publicKey: KeyObject; privateKey: KeyObject }]>([
    ['p-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['p-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ed25519', generateKeyPairSync('ed25519')],
  ])('with a key of the kind %s', async (kind, { publicKey, privateKey }) => {
    const prefix = exchange.path(kind);
    await writeFile(`${prefix}.pem`, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await writeFile(`${prefix}.pub`, publicKey.export({ format: 'pem', type: 'spki' }));
    const name = `ns/${kind}:1`;
    await sign(name, ...withKey(`${prefix}.pem`));
    expect(await verdicts(name, `${prefix}.pub`)).toEqual(ACCEPTED);
  });

  /** Signs as a parameter file says, and puts it on record. */
  async function signOnRecord(name: string, text: string): Promise<void> {
    const file = exchange.path('param.yaml');
    await writeFile(file, `${text}rekorURL: ${services.rekorURL}\n`);
    await sign(name, `--sign-by-sigstore=${file}`);
  }

  /** Whom cosign is to trust: the log and the authority. */
  function trustedRoot(): object {
    const start = { start: '2020-01-01T00:00:00Z' };
    const key = createPublicKey(services.log.publicKey).export({ format: 'der', type: 'spki' });
    const { raw } = new X509Certificate(services.authority.certificate);
    const rawBytes = (bytes: Buffer) => ({ rawBytes: bytes.toString('base64') });
    return {
      tlogs: [
        {
          baseUrl: services.rekorURL,
          hashAlgorithm: 'SHA2_256',
          publicKey: {
            ...rawBytes(key),
            keyDetails: 'PKIX_ECDSA_P256_SHA_256',
            validFor: start,
          },
          logId: { keyId: Buffer.from(services.log.id, 'hex').toString('base64') },
        },
      ],
      certificateAuthorities: [
        { uri: services.fulcioURL, certChain: { certificates: [rawBytes(raw)] }, validFor: start },
      ],
    };
  }

  const rekor = () => ({ rekorPublicKeyPath: exchange.path('rekor.pub') });

  test('with a key, on record', async () => {
    const prefix = exchange.path('logged');
    await keyMakers.cosign(prefix);
    const name = 'ns/logged:1';
    const phrase = exchange.path('phrase');
    await signOnRecord(
      name,
      `privateKeyFile: ${prefix}.key\nprivateKeyPassphraseFile: ${phrase}\n`,
    );
    const requirement = { type: 'sigstoreSigned', keyPath: `${prefix}.pub`, ...rekor() };
    const image = exchange.at(name);
    expect(await skopeoSays(peers, `docker://${image}`, requirement)).toBe('accepted');
    const key = ['--key', `${prefix}.pub`];
    expect(await cosignSays(peers, image, ...key, '--offline=true')).toBe('accepted');
    expect(await cosignSaysOfBundles(peers, image, trustedRoot(), ...key)).toBe('accepted');
    expect(await cosignSaysOfBundles(peers, image, {}, ...key)).toContain('not enough verified');
  });

  test('with an identity, on record', async () => {
    const name = 'ns/identity:1';
    const token = await services.provider.token();
    await signOnRecord(
      name,
      `fulcio:\n  fulcioURL: ${services.fulcioURL}\n  oidcMode: staticToken\n  oidcIDToken: ${token}\n`,
    );
    const image = exchange.at(name);
    const signedBy = (subjectEmail: string) => {
      const fulcio = { caPath: exchange.path('ca.pem'), oidcIssuer: services.issuerURL };
      const requirement = { type: 'sigstoreSigned', fulcio: { ...fulcio, subjectEmail } };
      return skopeoSays(peers, `docker://${image}`, { ...requirement, ...rekor() });
    };
    expect(await signedBy(EMAIL)).toBe('accepted');
    expect(await signedBy('you@x.test')).toContain('you@x.test');
    const identity = (email: string) => [
      `--certificate-identity=${email}`,
      `--certificate-oidc-issuer=${services.issuerURL}`,
      '--insecure-ignore-sct=true',
    ];
    const roots = ['--ca-roots', exchange.path('ca.pem'), '--offline=true'];
    expect(await cosignSays(peers, image, ...identity(EMAIL), ...roots)).toBe('accepted');
    const bundles = (email: string) =>
      cosignSaysOfBundles(peers, image, trustedRoot(), ...identity(email));
    expect(await bundles(EMAIL)).toBe('accepted');
    expect(await bundles('you@x.test')).toContain('you@x.test');
  });
});
