/** Container storage of real programs: built and read in a mount namespace that ends with the command. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { peersDir } from '../support/peers.ts';

export type StorageUser = 'root' | 'rootless';

/** `host`: those of the machine's own packages; the others come from the Debian 13 root where it is. */
export type StoragePrograms = 'newest' | 'host';

export interface StorageHome extends AsyncDisposable {
  /** Belongs to the user. */
  readonly path: string;
  readonly graphRoot: string;
  /**
   * Runs a command as the user, with this storage and the peers' programs; `ocipush` is ours.
   * @returns its standard output
   * @throws Error with its standard error when it fails
   */
  run(command: string, ...args: readonly string[]): Promise<string>;
}

/**
 * Whether rootless storage can be made: the kernel refuses user namespaces in a chroot, and many
 * containers do. Where CI is set it is taken for granted, so that nothing is skipped unseen.
 */
export function canBeRootless(): boolean {
  if (process.env['CI'] || spawnSync('unshare', ['--user', 'true']).status === 0) return true;
  process.stderr.write('skipped: rootless storage, as user namespaces cannot be made here\n');
  return false;
}

/** Not one of any machine: it has a name and subordinate IDs in the namespace only. */
const UID = 54_321;

const REPOSITORY = join(import.meta.dirname, '..', '..');

/**
 * Goes into the namespace: first come the mounts in the home, of what the peers' /usr hides after
 * them. The mounts are private to the namespace and end with it.
 */
const ENTER = `
  home=$0 user=$1 peers=$2 node=$3 repository=$4; shift 4
  mount --bind "$repository" "$home/ocipush"
  mount --bind "$node" "$home/bin/node"
  if [ -d "$peers/usr" ]; then mount --bind "$peers/etc" /etc; mount --bind "$peers/usr" /usr; fi
  mkdir -p /var/lib/containers; mount --bind "$home/state" /var/lib/containers
  for file in passwd group subuid subgid; do mount --bind "$home/etc/$file" "/etc/$file"; done
  cd "$home"
  if [ "$user" = root ]; then exec "$@"; fi
  exec setpriv --reuid ${UID} --regid ${UID} --clear-groups --inh-caps=-all -- "$@"`;

const ETC: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0::/root:/bin/sh\npusher:x:${UID}:${UID}::/:/bin/sh\n`,
  group: `root:x:0:\npusher:x:${UID}:\n`,
  subuid: 'pusher:200000:65536\n',
  subgid: 'pusher:200000:65536\n',
};

export async function makeStorageHome(
  driver: 'overlay' | 'vfs',
  user: StorageUser,
  programs: StoragePrograms = 'newest',
): Promise<StorageHome> {
  const path = await mkdtemp(join(tmpdir(), 'ocipush-storage-'));
  for (const name of ['etc', 'bin', 'state', 'ocipush', 'run']) await mkdir(join(path, name));
  for (const [name, content] of Object.entries(ETC))
    await writeFile(join(path, 'etc', name), content);
  await writeFile(join(path, 'bin/node'), '');
  await writeFile(
    join(path, 'bin/ocipush'),
    '#!/bin/sh\nexec node "$HOME/ocipush/bin/ocipush.js" "$@"\n',
  );
  await chmod(join(path, 'bin/ocipush'), 0o755);
  const graphRoot = join(path, 'storage');
  await writeFile(
    join(path, 'storage.conf'),
    `[storage]\ndriver = "${driver}"\ngraphroot = "${graphRoot}"\nrunroot = "${path}/run"\n`,
  );
  if (user === 'rootless') {
    for (const place of [path, join(path, 'run'), join(path, 'state')])
      await chown(place, UID, UID);
  }
  return {
    path,
    graphRoot,
    run: (command, ...args) => run([path, user, peersRoot(programs)], [command, ...args]),
    async [Symbol.asyncDispose]() {
      await endPause(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** A user's first podman leaves a process that holds the user namespace for the next ones. */
async function endPause(home: string): Promise<void> {
  const file = join(home, 'run', 'libpod', 'tmp', 'pause.pid');
  if (!existsSync(file)) return;
  const pid = Number(await readFile(file, 'latin1'));
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  if (environment.includes(home)) process.kill(pid);
}

/** Empty where the machine's own programs are to be used. */
function peersRoot(programs: StoragePrograms): string {
  const peers = join(peersDir, 'trixie');
  return programs === 'newest' && existsSync(peers) ? peers : '';
}

async function run(
  where: readonly [home: string, user: StorageUser, peers: string],
  command: readonly string[],
): Promise<string> {
  const [home] = where;
  const place = [...where, process.execPath, REPOSITORY];
  const child = spawn('unshare', ['--mount', 'sh', '-ec', ENTER, ...place, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${home}/bin:${process.env['PATH']}`,
      HOME: home,
      TMPDIR: home,
      XDG_RUNTIME_DIR: join(home, 'run'),
      CONTAINERS_STORAGE_CONF: join(home, 'storage.conf'),
      // The peers' own says where root keeps what podman runs.
      CONTAINERS_CONF: '/dev/null',
    },
  });
  const [output, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (code === 0) return output;
  throw new Error(`${command.join(' ')} ended with ${code}: ${complaint}`);
}
