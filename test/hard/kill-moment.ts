/** Kills the built command in the midst of a push, at a moment that can be named. */
import { watch, type FSWatcher } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MadeImage } from '../support/make-image.ts';
import type { Home } from '../support/ocipush.ts';
import type { Fault } from '../support/registry/faults.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';

/** A share of a whole push, from 0 to 1: of the bytes that are read, or of the changes on disk. */
export interface Moment {
  readonly of: 'bytes' | 'changes';
  readonly share: number;
}

/** What the command is told to push. */
export interface RunningPush {
  readonly home: Home;
  readonly source: string;
  readonly destination: string;
}

/** A push from a registry of ours to a place in a directory. */
export interface PlannedPush {
  readonly home: Home;
  readonly image: MadeImage;
  readonly destination: string;
  /** Where changes are looked for: in it, and in the directories that it has before the push. */
  readonly directory: string;
}

export const REPOSITORY = 'team/app';

/**
 * Pushes to the end.
 * @returns how many changes were seen
 * @throws Error with what the command said when it fails
 */
export async function pushWhole(push: PlannedPush): Promise<number> {
  await using registry = await startWith(push.image);
  let changes = 0;
  using _ = await watchTree(push.directory, () => (changes += 1));
  if (await wasKilled(fromRegistry(push, registry))) throw new Error('a whole push was killed');
  return changes;
}

/**
 * Pushes until a moment comes, and kills.
 * @param changes how many a whole push makes
 * @returns whether the command was killed; false when it was faster, and has succeeded
 * @throws Error with what the command said when it fails
 */
export async function pushUntil(
  push: PlannedPush,
  { of, share }: Moment,
  changes: number,
): Promise<boolean> {
  if (of === 'bytes') {
    const fault = holdAt(push.image, share);
    await using registry = await startWith(push.image, [fault]);
    const running = fromRegistry(push, registry);
    return await wasKilled(running, (kill) => void registry.fired(fault).then(kill));
  }
  await using registry = await startWith(push.image);
  let left = Math.ceil(share * changes);
  let kill: () => void = () => undefined;
  using _ = await watchTree(push.directory, () => {
    left -= 1;
    if (left <= 0) kill();
  });
  return await wasKilled(fromRegistry(push, registry), (toKill) => (kill = toKill));
}

/** A registry that has the image as tag 1 of {@link REPOSITORY}. */
export async function startWith(
  image: MadeImage,
  faults: readonly Fault[] = [],
): Promise<Registry> {
  const registry = await startRegistry({ faults });
  const repository = registry.repository(REPOSITORY);
  for (const { bytes } of [image.config, ...image.layers]) repository.addBlob(bytes);
  repository.addManifest(image.manifest.bytes, image.manifest.descriptor.mediaType, '1');
  return registry;
}

/** Of the bytes of all layers one after the other, the registry gives this share, and no more. */
function holdAt({ layers }: MadeImage, share: number): Fault {
  let left = Math.floor(share * layers.reduce((total, { bytes }) => total + bytes.length, 0));
  for (const { bytes, descriptor } of layers) {
    if (left < bytes.length) {
      const path = `/v2/${REPOSITORY}/blobs/${descriptor.digest}`;
      return { on: { method: 'GET', path }, do: { holdAfterBytes: left } };
    }
    left -= bytes.length;
  }
  throw new Error(`there is nothing after the share ${share}`);
}

/**
 * Runs the command to its end.
 * @param onStart gets what kills it
 * @returns whether it was killed; false when it has succeeded
 * @throws Error with what the command said when it fails
 */
export async function wasKilled(
  { home, source, destination }: RunningPush,
  onStart: (kill: () => void) => void = () => undefined,
): Promise<boolean> {
  const command = ['push', '--tls-verify=false', '--retry=0', source, destination];
  const { code, stderr } = await home.run(command, {
    onStart: (running) => onStart(() => running.kill('SIGKILL')),
  });
  if (code !== undefined && code !== 0) throw new Error(`ocipush ended with ${code}: ${stderr}`);
  return code === undefined;
}

function fromRegistry({ home, destination }: PlannedPush, { host }: Registry): RunningPush {
  return { home, source: `docker://${host}/${REPOSITORY}:1`, destination };
}

/** Calls at every change of a name or a content that the kernel tells of. */
async function watchTree(root: string, changed: () => void): Promise<Disposable> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const directories = entries.filter((entry) => entry.isDirectory());
  const watchers: FSWatcher[] = [
    root,
    ...directories.map(({ parentPath, name }) => join(parentPath, name)),
  ].map((path) => watch(path, changed));
  return {
    [Symbol.dispose]: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
}
