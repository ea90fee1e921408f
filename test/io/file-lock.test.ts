import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { withFileLock, type LockWait } from '../../src/io/file-lock.ts';
import { processMark } from '../../src/io/process-mark.ts';
import { systemClock } from '../../src/io/retry-clock.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/scratch.ts';

let directory = '';
let path = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'lock');
});

const { signal } = new AbortController();
const wait: LockWait = { clock: systemClock, signal };

/** One signal with many listeners makes Node suspect a leak. */
function waitAlone(): LockWait {
  return { clock: systemClock, signal: new AbortController().signal };
}

async function deadHolder(random: string): Promise<string> {
  const child = spawn('true');
  await once(child, 'close');
  const [space] = (await processMark()).split('-');
  return `${space}-${child.pid}-1-${random}`;
}

describe('withFileLock', () => {
  test('runs one task at a time, and gives what it gives', async () => {
    let running = 0;
    const task = async (number: number): Promise<number> =>
      withFileLock(path, waitAlone(), async (lock) => {
        running += 1;
        expect([running, await lock.isHeld()]).toEqual([1, true]);
        await readdir(directory);
        running -= 1;
        return number;
      });
    const numbers = [...Array(20).keys()];
    expect(await Promise.all(numbers.map(task))).toEqual(numbers);
    expect(await readdir(directory)).toEqual([]);
  });

  test('is free again after a task that failed', async () => {
    const failing = withFileLock(path, wait, () => Promise.reject(new Error('task')));
    await expect(failing).rejects.toThrow('task');
    expect(await readdir(directory)).toEqual([]);
  });

  test('does not wait for a process that has ended', async () => {
    const clock = fakeClock();
    await symlink(await deadHolder('1'), path);
    await withFileLock(path, { clock, signal }, async () => undefined);
    expect(clock.sleeps).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });

  test('is given to one at a time also when all find it left over', async () => {
    await symlink(await deadHolder('1'), path);
    let running = 0;
    const task = (): Promise<void> =>
      withFileLock(path, waitAlone(), async () => {
        running += 1;
        expect(running).toBe(1);
        await readdir(directory);
        running -= 1;
      });
    await Promise.all([...Array(20)].map(task));
    expect(await readdir(directory)).toEqual([]);
  });

  test('survives a process that ended while it removed such a lock', async () => {
    const clock = fakeClock();
    await symlink(await deadHolder('1'), path);
    // Learns the name of the second lock, and leaves that behind as well.
    const [second = ''] = await namesDuring(async () => {
      await withFileLock(path, { clock, signal }, async () => undefined);
    });
    await symlink(await deadHolder('1'), path);
    await symlink(await deadHolder('2'), join(directory, second));
    await withFileLock(path, { clock, signal }, async () => undefined);
    expect(clock.sleeps).toEqual([]);
  });

  test.each([['00000000-1-1-other'], ['somebody else']])(
    'does not wait for ever for a holder of whom nothing is known: %s',
    async (holder) => {
      const clock = fakeClock();
      await symlink(holder, path);
      await withFileLock(path, { clock, signal }, async () => undefined);
      const waited = clock.sleeps.reduce((sum, time) => sum + time, 0);
      expect(waited).toBeGreaterThanOrEqual(15_000);
      expect(waited).toBeLessThan(16_000);
    },
  );

  test('tells a holder that stood still for too long', async () => {
    const clock = fakeClock();
    await withFileLock(path, wait, async (lock) => {
      await withFileLock(path, { clock, signal }, async (other) => {
        expect([await lock.isHeld(), await other.isHeld()]).toEqual([false, true]);
      });
      expect(await lock.isHeld()).toBe(false);
    });
  });

  test('leaves a lock alone that another has by then', async () => {
    await withFileLock(path, wait, async () => {
      await withFileLock(path, { clock: fakeClock(), signal }, async () => undefined);
      await symlink('another', path);
    });
    expect(await readlink(path)).toBe('another');
  });

  test('waits no longer than it may', async () => {
    const controller = new AbortController();
    const task = (): Promise<never> => expect.unreachable();
    await withFileLock(path, wait, async () => {
      const waiting = withFileLock(path, { ...wait, signal: controller.signal }, task);
      controller.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test('fails where something else is in its place', async () => {
    await writeFile(path, '');
    const task = (): Promise<never> => expect.unreachable();
    await expect(withFileLock(path, wait, task)).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

/** Names that were in the directory at any time while the task ran, other than the lock's. */
async function namesDuring(task: () => Promise<void>): Promise<readonly string[]> {
  const { watch } = await import('node:fs');
  const names = new Set<string>();
  const watcher = watch(directory, (_, name) => names.add(name ?? ''));
  await task();
  // Events come in order: what was made last is seen last.
  await writeFile(join(directory, 'end'), '');
  while (!names.has('end')) await once(watcher, 'change');
  watcher.close();
  return [...names].filter((name) => name !== 'lock' && name !== 'end');
}
