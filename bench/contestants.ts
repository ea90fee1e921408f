/** The programs that push, and how each is told to. */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { peerPath, peersDir } from '../test/support/peers.ts';

export type ContestantName = 'ocipush' | 'skopeo' | 'oras' | 'podman';

export interface Contestant {
  readonly name: ContestantName;
  readonly version: string;
  /** The Debian root whose /usr and /etc the command needs; undefined for this machine's own. */
  readonly root: string | undefined;
  /** The words that push `transport:path…` to an image at a registry without TLS. */
  readonly push: (source: string, image: string, flags: readonly string[]) => readonly string[];
}

interface Program {
  /** The argument on which it prints its version. */
  readonly version: string;
  readonly push: Contestant['push'];
}

/** An image in a storage that is named with it. */
const STORED = /^containers-storage:\[(.+)@(.+)\+(.+)\](.+)$/;

const PROGRAMS: Readonly<Record<ContestantName, Program>> = {
  ocipush: {
    version: '--version',
    push: (source, image, flags) => {
      return ['push', '--quiet', '--tls-verify=false', ...flags, source, `docker://${image}`];
    },
  },
  skopeo: {
    version: '--version',
    push: (source, image, flags) => {
      return ['copy', '--quiet', '--dest-tls-verify=false', ...flags, source, `docker://${image}`];
    },
  },
  podman: {
    version: '--version',
    push: (source, image, flags) => {
      const [, driver = '', graphRoot = '', runRoot = '', name = ''] = STORED.exec(source) ?? [];
      const storage = ['--storage-driver', driver, '--root', graphRoot, '--runroot', runRoot];
      const options = ['--quiet', '--tls-verify=false', ...flags];
      return [...storage, 'push', ...options, name, `docker://${image}`];
    },
  },
  oras: {
    version: 'version',
    push: (source, image, flags) => {
      const layout = ['--from-oci-layout', source.replace(/^oci:/, '')];
      return ['cp', '--no-tty', '--to-plain-http', ...flags, ...layout, image];
    },
  },
};

/** Each in its newest version that this machine has. */
export function contestant(name: ContestantName): Contestant {
  const { version, push } = PROGRAMS[name];
  const { wrapper, command, root } = locate(name);
  const [file = '', ...words] = wrapper;
  const output = execFileSync(file, [...words, version], { encoding: 'utf8' });
  return {
    name,
    version: /\d+(?:\.\d+)+/.exec(output)?.[0] ?? 'unknown',
    root,
    push: (...args) => [...command, ...push(...args)],
  };
}

interface Place {
  /** What anybody would run. */
  readonly wrapper: readonly string[];
  /** What that runs in its root. */
  readonly command: readonly string[];
  readonly root: string | undefined;
}

/** The time of a wrapper of `test/peers/setup` is not the peer's. */
function locate(name: ContestantName): Place {
  const wrapper =
    name === 'ocipush' ? [process.execPath, resolve('bin/ocipush.js')] : [peerPath(name)];
  if (!wrapper.join().startsWith(join(peersDir, 'bin'))) {
    return { wrapper, command: wrapper, root: undefined };
  }
  return { wrapper, command: [join('/usr/bin', name)], root: join(peersDir, 'trixie') };
}
