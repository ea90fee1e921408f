/** skopeo and cosign accept what we sign for sigstore, with the keys that they make. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { messageOf } from '../../src/errors.ts';
import type { Digest } from '../../src/image/digest.ts';
import { systemClock } from '../../src/io/retry-clock.ts';
import {
  createSigstoreKeySigner,
  type SigstoreKeySigner,
} from '../../src/signing/sigstore/key-signer.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import { createSigstoreParameterSigner } from '../../src/signing/sigstore/parameter-signer.ts';
import type { Signer } from '../../src/signing/signer.ts';
import { registryOptions } from '../support/registry-options.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';
import { EMAIL } from '../support/sigstore/provider.ts';
import { startSigstoreServices, type SigstoreServices } from '../support/sigstore/services.ts';
import { attach, storeArtifact } from './attach.ts';
import { openExchange, type Exchange } from './exchange.ts';

const PASSPHRASE = 's3cret';
const CREATOR = 'ocipush 0';
const signal = new AbortController().signal;

describe.runIf(requirePeers('docker-registry', 'skopeo', 'cosign'))('a sigstore signature', () => {
  let exchange: Exchange;
  let peers: PeerHome;
  let services: SigstoreServices;
  let place: string;

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'ocipush-sigstore-'));
    services = await startSigstoreServices();
    await writeFile(join(place, 'rekor.pub'), services.log.publicKey);
    await writeFile(join(place, 'ca.pem'), services.authority.certificate);
    await writeFile(join(place, 'phrase'), PASSPHRASE);
    await mkdir(join(place, 'registries.d'));
    await writeFile(
      join(place, 'registries.d', 'r.yaml'),
      'default-docker:\n  use-sigstore-attachments: true\n',
    );
    peers = await makePeerHome({ SIGSTORE_REKOR_PUBLIC_KEY: join(place, 'rekor.pub') });
    exchange = await openExchange();
    await writeOciLayout(exchange.path('image'), { layers: [await makeLayer({ a: '1' })] });
  });

  afterAll(async () => {
    await exchange[Symbol.asyncDispose]();
    await peers[Symbol.asyncDispose]();
    await services[Symbol.asyncDispose]();
    await rm(place, { recursive: true, force: true });
  });

  /** Pushes the image; its digest. */
  async function pushed(name: string): Promise<Digest> {
    const run = await exchange.push('oci:image', name, [], { cwd: exchange.home.path });
    expect(run).toMatchObject({ code: 0 });
    return String(await exchange.digestFile()) as Digest;
  }

  /** Bytes of the manifest. */
  async function sizeOf(name: string): Promise<number> {
    const image = `docker://${exchange.at(name)}`;
    return (await peers.run('skopeo', 'inspect', '--raw', '--tls-verify=false', image)).length;
  }

  async function sign(name: string, digest: Digest, signer: Signer): Promise<void> {
    await signer.prepare(signal);
    const identity = exchange.at(name);
    const signature = await signer.sign({ bytes: new Uint8Array(), digest }, identity, signal);
    await attach(exchange.registry.host, name, digest, [signature]);
  }

  /** What skopeo says of an image of which it requires this: `accepted`, or why not. */
  async function skopeoSays(name: string, requirement: object): Promise<string> {
    const policy = join(place, 'policy.json');
    const requirements = [{ type: 'sigstoreSigned', ...requirement }];
    await writeFile(policy, JSON.stringify({ default: requirements }));
    const out = join(place, 'out');
    onTestFinished(() => rm(out, { recursive: true, force: true }));
    const settings = ['--registries.d', join(place, 'registries.d'), '--policy', policy];
    const image = `docker://${exchange.at(name)}`;
    return peers
      .run('skopeo', ...settings, 'copy', '--quiet', '--src-tls-verify=false', image, `dir:${out}`)
      .then(() => 'accepted', messageOf);
  }

  function cosignSays(name: string, ...flags: readonly string[]): Promise<string> {
    const image = exchange.at(name);
    return peers
      .run('cosign', 'verify', ...flags, '--allow-insecure-registry', image)
      .then(() => 'accepted', messageOf);
  }

  function signerWith(keyFile: string): SigstoreKeySigner {
    const passphrase = async (): Promise<Uint8Array> => Buffer.from(PASSPHRASE);
    return createSigstoreKeySigner({ keyFile, passphrase, creator: CREATOR, clock: systemClock });
  }

  /** Both say the same of a key. */
  async function verdicts(name: string, publicKey: string): Promise<readonly string[]> {
    return [
      await skopeoSays(name, { keyPath: publicKey }),
      await cosignSays(name, '--key', publicKey, '--insecure-ignore-tlog=true'),
    ];
  }

  const keyMakers: Readonly<Record<'cosign' | 'skopeo', (prefix: string) => Promise<Buffer>>> = {
    cosign: (prefix) =>
      peers.runWith(PASSPHRASE, 'cosign', 'generate-key-pair', '--output-key-prefix', prefix),
    skopeo: (prefix) =>
      peers.run(
        'skopeo',
        'generate-sigstore-key',
        '--output-prefix',
        prefix,
        '--passphrase-file',
        join(place, 'phrase'),
      ),
  };
  const suffixes = { cosign: 'key', skopeo: 'private' } as const;

  test.each(['cosign', 'skopeo'] as const)('with a key of %s', async (maker) => {
    const prefix = join(place, maker);
    await keyMakers[maker](prefix);
    const name = `ns/by-${maker}:1`;
    const digest = await pushed(name);
    expect(await skopeoSays(name, { keyPath: `${prefix}.pub` })).toContain('no signature exists');
    await sign(name, digest, signerWith(`${prefix}.${suffixes[maker]}`));
    expect(await verdicts(name, `${prefix}.pub`)).toEqual(['accepted', 'accepted']);
    const others = join(place, 'other');
    await keyMakers.skopeo(others);
    onTestFinished(() => rm(`${others}.private`).then(() => rm(`${others}.pub`)));
    const [skopeo, cosign] = await verdicts(name, `${others}.pub`);
    expect(skopeo).toContain('cryptographic signature verification failed');
    expect(cosign).toContain('invalid signature');
  });

  test('beside those that cosign attached', async () => {
    const [ours, theirs] = [join(place, 'ours'), join(place, 'theirs')];
    await keyMakers.skopeo(ours);
    await keyMakers.cosign(theirs);
    const name = 'ns/both:1';
    const digest = await pushed(name);
    const image = exchange.at(`ns/both@${digest}`);
    const flags = ['--key', `${theirs}.key`, '--tlog-upload=false', '--allow-insecure-registry'];
    await peers.runWith(PASSPHRASE, 'cosign', 'sign', '--yes', ...flags, image);
    await sign(name, digest, signerWith(`${ours}.private`));
    expect(await verdicts(name, `${ours}.pub`)).toEqual(['accepted', 'accepted']);
    expect(await cosignSays(name, '--key', `${theirs}.pub`, '--insecure-ignore-tlog=true')).toBe(
      'accepted',
    );
  });

  test('as an artifact, which cosign finds by what it refers to', async () => {
    const prefix = join(place, 'artifact');
    await keyMakers.cosign(prefix);
    const name = 'ns/artifact:1';
    const digest = await pushed(name);
    const signer = signerWith(`${prefix}.key`);
    const size = await sizeOf(name);
    const artifact = await signer.signArtifact({ mediaType: OCI_MANIFEST, digest, size }, signal);
    await storeArtifact(exchange.registry.host, name, artifact);
    // Without it cosign asks the public sigstore whom to trust.
    const roots = join(place, 'trusted-root.json');
    const trust = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' };
    await writeFile(roots, JSON.stringify(trust));
    const predicate = ['--type', 'https://sigstore.dev/cosign/sign/v1'];
    const type = [...predicate, '--new-bundle-format', '--trusted-root', roots];
    const flags = [...type, '--insecure-ignore-tlog=true', '--allow-insecure-registry'];
    const verified = (key: string) =>
      peers
        .run('cosign', 'verify-attestation', '--key', key, ...flags, exchange.at(name))
        .then(() => 'accepted', messageOf);
    expect(await verified(`${prefix}.pub`)).toBe('accepted');
    const others = join(place, 'stranger');
    await keyMakers.cosign(others);
    expect(await verified(`${others}.pub`)).not.toBe('accepted');
  });

  test.each<readonly [kind: string, keys: { publicKey: KeyObject; privateKey: KeyObject }]>([
    ['p-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['p-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ed25519', generateKeyPairSync('ed25519')],
  ])('with a key of the kind %s', async (kind, { publicKey, privateKey }) => {
    const prefix = join(place, kind);
    await writeFile(`${prefix}.pem`, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await writeFile(`${prefix}.pub`, publicKey.export({ format: 'pem', type: 'spki' }));
    const name = `ns/${kind}:1`;
    await sign(name, await pushed(name), signerWith(`${prefix}.pem`));
    expect(await verdicts(name, `${prefix}.pub`)).toEqual(['accepted', 'accepted']);
  });

  /** A signer with this parameter file. */
  async function parameterSigner(text: string): Promise<Signer> {
    const file = join(place, 'param.yaml');
    await writeFile(file, `${text}rekorURL: ${services.rekorURL}\n`);
    return createSigstoreParameterSigner(file, {
      ...registryOptions(),
      creator: CREATOR,
      passphrase: () => Promise.reject(new Error('asked for a passphrase')),
      rekorKeyFile: join(place, 'rekor.pub'),
      tell: () => undefined,
      showPage: () => undefined,
    });
  }

  const rekor = () => ({ rekorPublicKeyPath: join(place, 'rekor.pub') });

  test('with a key, on record', async () => {
    const prefix = join(place, 'logged');
    await keyMakers.cosign(prefix);
    const name = 'ns/logged:1';
    const parameters = `privateKeyFile: ${prefix}.key\nprivateKeyPassphraseFile: ${place}/phrase\n`;
    await sign(name, await pushed(name), await parameterSigner(parameters));
    expect(await skopeoSays(name, { keyPath: `${prefix}.pub`, ...rekor() })).toBe('accepted');
    expect(await cosignSays(name, '--key', `${prefix}.pub`, '--offline=true')).toBe('accepted');
  });

  test('with an identity, on record', async () => {
    const name = 'ns/identity:1';
    const token = await services.provider.token();
    const parameters = `fulcio:\n  fulcioURL: ${services.fulcioURL}\n  oidcMode: staticToken\n  oidcIDToken: ${token}\n`;
    await sign(name, await pushed(name), await parameterSigner(parameters));
    const fulcio = (subjectEmail: string) => ({
      caPath: join(place, 'ca.pem'),
      oidcIssuer: services.issuerURL,
      subjectEmail,
    });
    expect(await skopeoSays(name, { fulcio: fulcio(EMAIL), ...rekor() })).toBe('accepted');
    expect(await skopeoSays(name, { fulcio: fulcio('you@x.test'), ...rekor() })).toContain(
      'you@x.test',
    );
    const identity = ['--certificate-identity', EMAIL];
    const issuer = ['--certificate-oidc-issuer', services.issuerURL];
    const roots = ['--ca-roots', join(place, 'ca.pem'), '--insecure-ignore-sct=true'];
    expect(await cosignSays(name, ...identity, ...issuer, ...roots, '--offline=true')).toBe(
      'accepted',
    );
  });
});
