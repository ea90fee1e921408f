/** Lets one process at a time change a file, and does not wait for one that was killed meanwhile. */
import { createHash, randomBytes } from 'node:crypto';
import { readlink, symlink, unlink } from 'node:fs/promises';
import { isGone, processMark } from './process-mark.ts';
import type { RetryClock } from './retry-clock.ts';
import { isAbsent, systemCode } from './system-error.ts';

/** How a lock is waited for. */
export interface LockWait {
  readonly clock: RetryClock;
  readonly signal: AbortSignal;
}

export interface FileLock {
  /** False when another took the lock over because this process stood still for too long. */
  isHeld(): Promise<boolean>;
}

/**
 * Milliseconds after which a holder that does nothing loses the lock, where nobody can tell whether
 * it still runs. Far above the time for which any lock here is held.
 */
const PATIENCE = 15_000;

/** Milliseconds between looks at a lock that another has. */
const INTERVAL = 10;

/** What file systems say that have no symbolic links. */
const WITHOUT_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'];

/**
 * Runs a task while no other process runs one under the lock at `path`. The lock is a symbolic link
 * whose target names the holder: made in one step, it says from the start whose it is, and whether
 * that process has ended. Node can take no lock that the kernel would release.
 * Without symbolic links there is no lock, as there is none in the reference.
 * @throws what the task throws; the file system's error; the signal's reason
 */
export async function withFileLock<T>(
  path: string,
  wait: LockWait,
  task: (lock: FileLock) => Promise<T>,
): Promise<T> {
  const holder = `${await processMark()}-${randomBytes(8).toString('hex')}`;
  const isLocked = await acquire(path, holder, wait);
  const isHeld = async (): Promise<boolean> => !isLocked || (await holderOf(path)) === holder;
  try {
    return await task({ isHeld });
  } finally {
    if (isLocked && (await isHeld())) await unlink(path);
  }
}

/** @returns false where there can be no lock */
async function acquire(path: string, holder: string, wait: LockWait): Promise<boolean> {
  const { clock, signal } = wait;
  let other: { readonly holder: string; readonly since: number } | undefined;
  for (;;) {
    signal.throwIfAborted();
    const outcome = await take(path, holder);
    if (outcome !== 'taken') return outcome === 'ours';
    const found = await holderOf(path);
    if (found === undefined) continue;
    if (found !== other?.holder) other = { holder: found, since: clock.now() };
    const isStale = clock.now() - other.since >= PATIENCE || (await isGone(markOf(found)));
    if (isStale) await release(path, found, wait);
    else await clock.sleep(INTERVAL * (1 + clock.random()), signal);
  }
}

async function take(path: string, holder: string): Promise<'ours' | 'taken' | 'unsupported'> {
  try {
    await symlink(holder, path);
    return 'ours';
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return 'taken';
    if (WITHOUT_LINKS.includes(systemCode(error))) return 'unsupported';
    throw error;
  }
}

/**
 * Removes the lock of a holder that is gone, and never that of another who has it since: only who
 * holds a second lock, made for this one holder, may remove it, and looks again before.
 */
async function release(path: string, holder: string, wait: LockWait): Promise<void> {
  const name = createHash('sha256').update(holder).digest('hex').slice(0, 16);
  await withFileLock(`${path}.${name}`, wait, async () => {
    if ((await holderOf(path)) === holder) await unlink(path);
  });
}

async function holderOf(path: string): Promise<string | undefined> {
  return readlink(path).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
}

function markOf(holder: string): string {
  return holder.slice(0, Math.max(0, holder.lastIndexOf('-')));
}
