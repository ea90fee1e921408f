/** What we pushed runs: podman loads or pulls it, and its programs find the files of all layers. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startDockerRegistry, type DockerRegistry } from '../support/docker-registry.ts';
import { requirePeers } from '../support/peers.ts';
import { makeStorageHome, type StorageHome } from './storage-home.ts';

const hasPeers = requirePeers('buildah', 'docker-registry', 'podman');
const isRoot = process.getuid?.() === 0;

/** Looks at what layers add, replace, link and take away. */
const LOOK = `
  cd /
  ls -A opaque replaced; cat etc/second-name replaced/file foreign; readlink bin/symbolic dangling
  stat -c '%F %a %u:%g %h %n' bin/sh etc/plain foreign null pipe private
  for name in gone bin/hard-linked 'ünï-文'; do [ -e "$name" ] || echo "no $name"; done
  echo "$A in $PWD"`;

const SEEN = [
  'opaque:',
  'new',
  '',
  'replaced:',
  'file',
  'plain',
  'below',
  'foreign',
  'tool',
  'nowhere',
  'regular file 755 0:0 2 bin/sh',
  'regular file 644 0:0 2 etc/plain',
  'regular file 600 1234:5678 1 foreign',
  'character special file 644 0:0 1 null',
  'fifo 644 0:0 1 pipe',
  'directory 0 0:0 2 private',
  'no gone',
  'no bin/hard-linked',
  'no ünï-文',
  '<1> & "2" in /',
];

/**
 * Runs the image without a network, in a PID namespace that leaves nothing running. The runtime
 * refuses some hierarchies of control groups, though it is to make no group.
 */
const RUN = `
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  podman run --rm --network=none --cgroups=disabled "$0" /bin/sh -c "$1"
  exit`;

function runIn(home: StorageHome, image: string): Promise<string> {
  const apart = ['--pid', '--fork', '--mount-proc', 'sh', '-ec'];
  return home.run('unshare', ...apart, RUN, image, LOOK);
}

describe.runIf(hasPeers && isRoot)('podman runs', () => {
  let home: StorageHome;
  let registry: DockerRegistry;

  beforeAll(async () => {
    home = await makeStorageHome('overlay', 'root');
    registry = await startDockerRegistry();
    await home.run('sh', join(import.meta.dirname, 'real-system.sh'), 'localhost/real');
    return async () => {
      await registry[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    };
  });

  test.each([
    ['load', 'docker-archive:HOME/docker.tar:example.com/real:1'],
    ['load', 'oci-archive:HOME/oci.tar:example.com/real:1'],
    ['pull', 'docker://REGISTRY/real:1'],
    ['pull', 'oci:HOME/layout:example.com/real:1'],
    ['pull', 'dir:HOME/directory'],
  ])('after a %s: %s', async (command, written) => {
    const place = written.replace('HOME', home.path).replace('REGISTRY', registry.host);
    await home.run('ocipush', 'push', '--tls-verify=false', 'localhost/real:oci', place);
    // A storage that knows no layer of it yet.
    await using other = await makeStorageHome('overlay', 'root');
    const [, path = ''] = place.split(':');
    const args =
      command === 'load' ? ['load', '--input', path] : ['pull', '--tls-verify=false', place];
    await other.run('podman', ...args, '--quiet');
    const id = await other.run('podman', 'images', '--quiet', '--no-trunc');
    expect((await runIn(other, id.trim())).trimEnd().split('\n')).toEqual(SEEN);
  });
});
