/** Everything of ours that writes files, as data: how it is made to write, and what it has written. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { openBlobCache, type BlobCache } from '../../src/push/blob-cache.ts';
import { imageIfAny } from '../support/image-state.ts';
import { pushLocally } from '../support/local-push.ts';
import type { RunOptions } from '../support/ocipush.ts';
import type { Images } from './images.ts';

export interface DiskWriter {
  /** Puts something there before, in a directory. */
  prepare(directory: string): Promise<void>;
  /** What is written to a directory, by an `ocipush` with these arguments. */
  command(directory: string): readonly [args: readonly string[], options?: RunOptions];
  /** Tells the old from the new. @throws when it is neither */
  state(directory: string): Promise<string>;
  /** Whether the command succeeds where it cannot write. */
  readonly withstands?: true;
}

export const USER = 'me';
export const PASSWORD = 'secret';

const PUSH = ['push', '--tls-verify=false', '--retry=0'];

/** What the commands talk to. */
export interface DiskScene {
  readonly images: Images;
  /** A registry for everybody, and one for {@link USER}. */
  readonly hosts: { readonly open: string; readonly closed: string };
}

/** Where a new image is written over the old one; the last of them must be new. */
const PLACES = ['oci:layout:a', 'dir:image', 'oci-archive:image.tar:a'] as const;
const NEW_PLACE = 'docker-archive:image.tar:example.com/image:1';

/** What stands in the cache before, nearly a page of it: that a repository has these blobs. */
const KNOWN = { registry: 'old.example.com', path: 'team/app' };
const KNOWN_BLOBS = [...Array(28).keys()].map((number) => digestOf(Buffer.from(`${number}`)));

export const DISK_WRITERS: readonly (readonly [
  what: string,
  make: (scene: DiskScene) => DiskWriter,
])[] = [
  ...[...PLACES, NEW_PLACE].map(
    (place) => [place, (scene: DiskScene) => imageWriter(scene, place)] as const,
  ),
  ['a digest file', digestFile],
  ['the cache', cache],
  ['an auth file', authFile],
];

function imageWriter({ images }: DiskScene, place: string): DiskWriter {
  const at = (directory: string): string => place.replace(':', `:${directory}/`);
  return {
    prepare: async (directory) => {
      if (place !== NEW_PLACE) await pushLocally(images.old.source, at(directory));
    },
    command: (directory) => [
      ['push', images.new.source, at(directory)],
      // Where layers of an archive wait.
      { env: { TMPDIR: directory } },
    ],
    state: (directory) => imageIfAny(at(directory)),
  };
}

function digestFile({ images, hosts }: DiskScene): DiskWriter {
  const at = (directory: string): string => join(directory, 'digest');
  return {
    prepare: (directory) => writeFile(at(directory), 'old'),
    command: (directory) => [
      [...PUSH, '--digestfile', at(directory), images.new.source, `${hosts.open}/digest:1`],
    ],
    state: (directory) => readFile(at(directory), 'latin1'),
  };
}

function cache({ images, hosts }: DiskScene): DiskWriter {
  const { config, layers } = images.new.image;
  const open = (directory: string): Promise<BlobCache> => openBlobCache(join(directory, 'ocipush'));
  let pushes = 0;
  return {
    withstands: true,
    prepare: async (directory) => {
      const kept = await open(directory);
      for (const blob of KNOWN_BLOBS) await kept.rememberRepository(KNOWN, blob);
    },
    command: (directory) => [
      // What is there already is not remembered again.
      [...PUSH, images.new.source, `${hosts.open}/cache-${(pushes += 1)}:1`],
      { env: { XDG_CACHE_HOME: directory } },
    ],
    state: async (directory) => {
      const kept = await open(directory);
      const knows = (registry: string, blob: Digest): boolean =>
        kept.repositories(registry, blob).length > 0;
      if (!KNOWN_BLOBS.every((blob) => knows(KNOWN.registry, blob))) throw new Error('forgotten');
      const learned = [config, ...layers].filter(({ descriptor }) =>
        knows(hosts.open, descriptor.digest),
      );
      return `${learned.length} blobs learned`;
    },
  };
}

function authFile({ hosts }: DiskScene): DiskWriter {
  const at = (directory: string): string => join(directory, 'auth.json');
  const login = ['login', '--tls-verify=false', '-u', USER, '--password-stdin', '--authfile'];
  return {
    prepare: (directory) => writeFile(at(directory), '{"auths":{"old.example.com":{}}}'),
    command: (directory) => [
      [...login, at(directory), hosts.closed],
      { input: Buffer.from(PASSWORD) },
    ],
    state: (directory) => readFile(at(directory), 'latin1'),
  };
}
