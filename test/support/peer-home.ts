/** Runs peers to their end, with caches, storage and logins that are gone with the test. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { peerPath, type PeerName } from './peers.ts';

/** Root's blob info cache stands in one place, whatever the environment says (image/pkg/blobinfocache/default.go). */
const SYSTEM_STATE = '/var/lib/containers';

/**
 * A mount namespace that ends with the command: what it mounts for its storage goes with it, and
 * the first argument stands in the place of {@link SYSTEM_STATE}.
 */
const APART = [
  'unshare',
  '--mount',
  'sh',
  '-ec',
  `mkdir -p ${SYSTEM_STATE}; mount --bind "$0" ${SYSTEM_STATE}; exec "$@"`,
];

/** Older peers do not understand what newer ones leave in a storage. */
const STORAGES = ['storage', 'storage-12'] as const;

export interface PeerHome extends AsyncDisposable {
  readonly path: string;
  /**
   * What the peer printed on standard output.
   * @throws Error with its standard error when it fails
   */
  run(peer: PeerName, ...args: readonly string[]): Promise<Buffer>;
  /** The same with this text on the peer's standard input. */
  runWith(input: string, peer: PeerName, ...args: readonly string[]): Promise<Buffer>;
  /** Starts what runs until it is ended. */
  start(peer: PeerName, ...args: readonly string[]): ChildProcessWithoutNullStreams;
}

/**
 * Tests that only read may share one; two that fill the container storage may not. What stands in
 * `environment` comes to that of the peers.
 */
export async function makePeerHome(
  environment: Readonly<Record<string, string>> = {},
): Promise<PeerHome> {
  const path = await mkdtemp(join(tmpdir(), 'ocipush-peers-'));
  await mkdir(join(path, 'state'));
  for (const name of STORAGES) await writeFile(join(path, `${name}.conf`), storageConf(path, name));
  return {
    path,
    run: (peer, ...args) => run({ path, environment }, '', peer, args),
    runWith: (input, peer, ...args) => run({ path, environment }, input, peer, args),
    start: (peer, ...args) => start({ path, environment }, peer, args),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

function storageConf(home: string, name: (typeof STORAGES)[number]): string {
  const place = join(home, name);
  return `[storage]\ndriver = "overlay"\ngraphroot = "${place}/graph"\nrunroot = "${place}/run"\n`;
}

interface Place {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function run(
  home: Place,
  input: string,
  peer: PeerName,
  args: readonly string[],
): Promise<Buffer> {
  const child = start(home, peer, args);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [output, complaint, [code]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (code === 0) return output;
  throw new Error(`${peer} ${args.join(' ')} ended with ${code}: ${complaint}`);
}

function start(
  { path: home, environment }: Place,
  peer: PeerName,
  args: readonly string[],
): ChildProcessWithoutNullStreams {
  const line = [peerPath(peer), ...args];
  // Others than root have their state below their home, and the peers' own ways to mount.
  const [command = '', ...rest] =
    process.getuid?.() === 0 ? [...APART, join(home, 'state'), ...line] : line;
  const storage = peer.endsWith('-12') ? 'storage-12' : 'storage';
  return spawn(command, rest, {
    cwd: home,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: home,
      XDG_RUNTIME_DIR: home,
      CONTAINERS_STORAGE_CONF: join(home, `${storage}.conf`),
      ...environment,
    },
  });
}
