/** Places of every transport that nothing else uses, and copies between them by ocipush and by skopeo. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDockerEngine, type DockerEngine } from '../support/docker-engine.ts';
import { startDockerRegistry, type DockerRegistry } from '../support/docker-registry.ts';
import { peerPath } from '../support/peers.ts';
import { makeStorageHome, type StorageHome } from './storage-home.ts';

/** Where the commands run, and what listens for them. */
export interface Machine {
  readonly home: StorageHome;
  readonly registry: DockerRegistry;
  readonly engine: DockerEngine;
}

/** Where one image is or will be. */
export interface Place {
  readonly reference: string;
  /** What skopeo must know, each to follow `--src-` or `--dest-`. */
  readonly flags?: readonly string[];
  /** What ocipush must know. */
  readonly environment?: readonly string[];
  /** Takes the image away, so that its layers are news for the next one. */
  readonly remove?: () => Promise<unknown>;
}

/** By transport; names are words in lower case. */
export const PLACES = {
  'containers-storage': ({ home }, name) => {
    const store = join(home.path, name);
    return {
      reference: `containers-storage:[overlay@${store}/graph+${store}/run]localhost/image:1`,
      remove: () => rm(store, { recursive: true }),
    };
  },
  docker: ({ registry }, name) => ({
    reference: `docker://${registry.host}/${name}:1`,
    flags: ['tls-verify=false'],
  }),
  oci: ({ home }, name) => fileAt('oci', home, name, ':1'),
  'oci-archive': ({ home }, name) => fileAt('oci-archive', home, name, ':1'),
  dir: ({ home }, name) => fileAt('dir', home, name, ''),
  'docker-archive': ({ home }, name) =>
    fileAt('docker-archive', home, name, ':example.com/image:1'),
  'docker-daemon': ({ engine: { host } }, name) => ({
    reference: `docker-daemon:${name}:1`,
    flags: [`daemon-host=${host}`],
    environment: [`DOCKER_HOST=${host}`],
    remove: () => promisify(execFile)(peerPath('docker'), ['-H', host, 'rmi', `${name}:1`]),
  }),
} satisfies Record<string, (machine: Machine, name: string) => Place>;

function fileAt(transport: string, home: StorageHome, name: string, image: string): Place {
  const path = join(home.path, name);
  return {
    reference: `${transport}:${path}${image}`,
    remove: () => rm(path, { recursive: true }),
  };
}

/** An image in the storage of the home. */
export function storedImage(name: string): Place {
  return { reference: `containers-storage:${name}` };
}

export interface Machines extends AsyncDisposable {
  readonly machine: Machine;
  /** The same home and registry, but another engine: it knows no layer of what the first one has. */
  readonly withOtherEngine: Machine;
}

export async function startMachines(): Promise<Machines> {
  const home = await makeStorageHome('overlay', 'root');
  const [registry, engine, other] = await Promise.all([
    startDockerRegistry(),
    startDockerEngine(),
    startDockerEngine(),
  ]);
  return {
    machine: { home, registry, engine },
    withOtherEngine: { home, registry, engine: other },
    async [Symbol.asyncDispose]() {
      for (const each of [other, engine, registry, home]) await each[Symbol.asyncDispose]();
    },
  };
}

/** Copies with ocipush. @throws Error with what it said */
export async function push({ home }: Machine, from: Place, to: Place): Promise<void> {
  const environment = [...(from.environment ?? []), ...(to.environment ?? [])];
  const command = ['ocipush', 'push', '--tls-verify=false', '--retry=0'];
  await home.run('env', ...environment, ...command, from.reference, to.reference);
}

/** Copies with skopeo. @throws Error with what it said */
export async function copy(
  { home }: Machine,
  from: Place,
  to: Place,
  ...flags: readonly string[]
): Promise<void> {
  const sides = [
    ...(from.flags ?? []).map((flag) => `--src-${flag}`),
    ...(to.flags ?? []).map((flag) => `--dest-${flag}`),
  ];
  await home.run('skopeo', 'copy', ...sides, ...flags, from.reference, to.reference);
}
