/** Finds the peers that interop tests run beside ocipush: real programs, installed by `test/peers/setup`. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import process from 'node:process';

/** A peer by its name in the report of `test/peers/setup`; `-12` names the host's own package, the others come from the Debian 13 root. */
export type PeerName = keyof typeof candidates;

const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');

/** Where `test/peers/setup` keeps the Debian 13 root and `test/peers/real-image` its image. */
export const peersDir = resolve(
  process.env['OCIPUSH_PEERS_DIR'] || join(cacheHome, 'ocipush-peers'),
);

const candidates = {
  'docker-registry': ['docker-registry'],
  docker: ['/usr/bin/docker'],
  dockerd: ['/usr/sbin/dockerd'],
  skopeo: [inRoot('skopeo')],
  'skopeo-12': ['/usr/bin/skopeo'],
  podman: [inRoot('podman5')],
  'podman-12': ['/usr/bin/podman'],
  buildah: [inRoot('buildah')],
  oras: [inRoot('oras')],
  cosign: [inRoot('cosign')],
  umoci: ['/usr/bin/umoci'],
  gpg: ['gpg'],
  openssl: ['openssl'],
  nginx: ['/usr/sbin/nginx'],
  p11tool: ['p11tool'],
  softhsm: ['softhsm2-util'],
  tmux: ['tmux'],
  zsh: ['zsh'],
  fish: ['fish'],
  time: ['/usr/bin/time'],
} satisfies Record<string, readonly string[]>;

/** The absolute path of a peer's command, newest version first; undefined when this machine has none. */
export function findPeer(name: PeerName): string | undefined {
  return candidates[name].flatMap(locations).find(isUsable);
}

/** The absolute path of a peer's command, for tests that {@link requirePeers} guards; throws when it is missing. */
export function peerPath(name: PeerName): string {
  const path = findPeer(name);
  if (path === undefined) throw new Error(`peer ${name} is missing: run test/peers/setup`);
  return path;
}

/**
 * Whether all these peers are there, for `describe.runIf(requirePeers('skopeo'))`.
 * Prints which are missing; where CI is set a missing peer throws instead, so that nothing is skipped unseen.
 */
export function requirePeers(...names: PeerName[]): boolean {
  const missing = names.filter((name) => findPeer(name) === undefined);
  if (missing.length === 0 && canMount()) return true;
  const reason =
    missing.length === 0
      ? 'peers run in mount namespaces, which cannot be made here'
      : `missing peers: ${missing.join(', ')}; run test/peers/setup`;
  if (process.env['CI']) throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return false;
}

/** Whether this process may mount, which in a container not even root may. */
export function canMount(): boolean {
  mounting ??= spawnSync('unshare', ['--mount', 'mount', '--bind', '/tmp', '/tmp']).status === 0;
  return mounting;
}

let mounting: boolean | undefined;

function inRoot(command: string): string {
  return join(peersDir, 'bin', command);
}

function locations(command: string): string[] {
  if (isAbsolute(command)) return [command];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter(isAbsolute).map((folder) => join(folder, command));
}

function isUsable(path: string): boolean {
  // The wrappers of the Debian 13 root mount, which takes root.
  if (path.startsWith(join(peersDir, 'bin')) && process.getuid?.() !== 0) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
