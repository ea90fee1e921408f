/** What an interop test needs: a real registry, our command with a home, and the peers with theirs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent } from '../../src/io/system-error.ts';
import {
  startDockerRegistry,
  type DockerRegistry,
  type DockerRegistryOptions,
} from '../support/docker-registry.ts';
import { makeHome, type Home, type Run, type RunOptions } from '../support/ocipush.ts';
import { makePeerHome, type PeerHome } from '../support/peer-home.ts';

export interface Exchange extends AsyncDisposable {
  readonly registry: DockerRegistry;
  readonly home: Home;
  readonly peers: PeerHome;
  /** The absolute path of a file in {@link home}, the directory in which all commands run. */
  path(name: string): string;
  /** Where the image of this name is at the registry. */
  at(name: string): string;
  /** Pushes an image to {@link at} a name, once (`--retry 0`), with {@link digestFile}. */
  push(source: string, name: string, flags?: readonly string[], options?: RunOptions): Promise<Run>;
  /** What stands in the digest file; undefined when there is none. */
  digestFile(): Promise<string | undefined>;
}

/** The registry is spoken to without TLS unless it has some. */
export async function openExchange(options: DockerRegistryOptions = {}): Promise<Exchange> {
  const registry = await startDockerRegistry(options);
  const [home, peers] = await Promise.all([makeHome(), makePeerHome()]);
  const at = (name: string): string => `${registry.host}/${name}`;
  const digestFile = join(home.path, 'digest');
  const tls = options.tls ? [] : ['--tls-verify=false'];
  const defaults = ['push', '--retry=0', '--digestfile', digestFile, ...tls];
  return {
    registry,
    home,
    peers,
    path: (name) => join(home.path, name),
    at,
    push: (source, name, flags = [], runOptions = {}) =>
      home.run([...defaults, ...flags, source, at(name)], runOptions),
    digestFile: () => readIfThere(digestFile),
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
      await peers[Symbol.asyncDispose]();
    },
  };
}

/** The digest under which skopeo finds an image at the registry. */
export async function digestRead(
  exchange: Exchange,
  name: string,
  ...flags: readonly string[]
): Promise<string> {
  const command = ['inspect', '--no-tags', '--format', '{{.Digest}}', ...flags];
  const output = await exchange.peers.run('skopeo', ...command, `docker://${exchange.at(name)}`);
  return output.toString().trim();
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
