/** Who judges signatures: skopeo and podman by a policy, cosign by what it is told; and where they look. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../src/errors.ts';
import { writeFiles } from '../config/places.ts';
import type { PeerHome } from '../support/peer-home.ts';
import type { Exchange } from './exchange.ts';

/** A verdict: `accepted`, or the error of whoever judged. */
const ACCEPTED = 'accepted';

/** What registries.d says of the registry, to us and to the peers. */
export async function configureSignatures(
  { registry, home }: Exchange,
  yaml: string,
  peers: PeerHome,
): Promise<void> {
  const content = `docker:\n  ${registry.host}:\n    ${yaml}\n`;
  for (const { path } of [home, peers]) {
    await writeFiles(path, { '.config/containers/registries.d/registry.yaml': content });
  }
}

/** How an image must be called: exactly as it is found, or as this. */
export function identity(reference?: string): object {
  return reference === undefined
    ? { type: 'matchExact' }
    : { type: 'exactReference', dockerReference: reference };
}

/** What skopeo says of an image, with all its instances, of which everything is required. */
export async function skopeoSays(
  peers: PeerHome,
  source: string,
  requirement: object,
): Promise<string> {
  const policy = await writePolicy(peers, requirement);
  const out = join(peers.path, 'out');
  const copy = ['--policy', policy, 'copy', '--all', '-q', '--src-tls-verify=false'];
  const said = await verdict(peers.run('skopeo', ...copy, source, `dir:${out}`));
  await rm(out, { recursive: true, force: true });
  return said;
}

/** What podman says when it pulls an image of which this is required. */
export async function podmanSays(
  peers: PeerHome,
  name: string,
  requirement: object,
): Promise<string> {
  const policy = await writePolicy(peers, requirement);
  const flags = ['--quiet', '--tls-verify=false', '--signature-policy', policy];
  return verdict(peers.run('podman', 'pull', ...flags, name));
}

/** What cosign says of the signatures that are attached to an image. */
export async function cosignSays(
  peers: PeerHome,
  name: string,
  ...flags: readonly string[]
): Promise<string> {
  return verdict(peers.run('cosign', 'verify', ...flags, '--allow-insecure-registry', name));
}

/**
 * What cosign says of the bundles that refer to an image. Up to version 2.5 it finds signatures in
 * them only as attestations of that type.
 * @param trust members of a trusted root (sigstore_trustroot.proto): without one cosign asks the public sigstore
 */
export async function cosignSaysOfBundles(
  peers: PeerHome,
  name: string,
  trust: object,
  ...flags: readonly string[]
): Promise<string> {
  const roots = join(peers.path, 'trusted-root.json');
  const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
  await writeFile(roots, JSON.stringify({ mediaType, ...trust }));
  const type = ['--type', 'https://sigstore.dev/cosign/sign/v1'];
  const form = ['--new-bundle-format', '--trusted-root', roots, '--allow-insecure-registry'];
  return verdict(peers.run('cosign', 'verify-attestation', ...type, ...form, ...flags, name));
}

async function writePolicy(peers: PeerHome, requirement: object): Promise<string> {
  const file = join(peers.path, 'policy.json');
  await writeFile(file, JSON.stringify({ default: [requirement] }));
  return file;
}

function verdict(running: Promise<unknown>): Promise<string> {
  return running.then(() => ACCEPTED, messageOf);
}
