/** Runs engines that speak Docker's API, each on a socket of its own, with all that they have in a directory of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PeerHome } from './peer-home.ts';
import { peerPath, type PeerName } from './peers.ts';

export interface DockerEngine extends AsyncDisposable {
  /** What `DOCKER_HOST` is to be. */
  readonly host: string;
}

/** What every engine on this machine would share: hidden from this one, and gone with it. */
const HIDDEN = ['/run', '/etc/docker'];

/** The real Docker Engine, without any network; takes root. */
export async function startDockerEngine(): Promise<DockerEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'docker-engine-'));
  const place = (name: string): string => join(directory, name);
  await mkdir(place('data'));
  const host = `unix://${place('docker.sock')}`;
  // In memory it creates thousands of files in much less time, and none is left to be removed.
  const mounts = [...HIDDEN, place('data')]
    .map((path) => `mount -t tmpfs tmpfs ${path}`)
    .join(' && ');
  const flags = ['--bridge=none', '--iptables=false', '--ip6tables=false', '-H', host];
  const places = { pidfile: 'pid', 'data-root': 'data', 'exec-root': 'exec' };
  for (const [flag, name] of Object.entries(places)) flags.push(`--${flag}`, place(name));
  const apart = ['--mount', 'sh', '-ec', `${mounts} && exec "$@"`, 'sh'];
  const child = spawn('unshare', [...apart, peerPath('dockerd'), ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], TMPDIR: directory },
  });
  return running(child, host, () => rm(directory, { recursive: true, force: true }));
}

/** Podman's imitation, with the storage that podman has in this home. */
export function startPodmanService(
  peers: PeerHome,
  podman: PeerName & `podman${string}`,
): Promise<DockerEngine> {
  const host = `unix://${join(peers.path, `${podman}.sock`)}`;
  const child = peers.start(podman, '--log-level=info', 'system', 'service', '--time=0', host);
  child.stdout.resume();
  return running(child, host, () => Promise.resolve());
}

/** The engine when it says that it listens; what it has is removed when it has ended. */
async function running(
  child: ChildProcess,
  host: string,
  remove: () => Promise<void>,
): Promise<DockerEngine> {
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    await remove();
  };
  try {
    await listening(child);
    return { host, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Its log is read on after that, else it would block on a full pipe. */
function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    if (!child.stderr) throw new Error('the standard error of the engine is not a pipe');
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (/API (?:service )?listen(?:ing)? on/.test(line)) resolve();
      else log.push(line);
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`the engine ended:\n${log.join('\n')}`)));
  });
}
