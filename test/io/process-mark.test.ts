import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isGone, processMark } from '../../src/io/process-mark.ts';

/** This process's own mark with other numbers in it. */
async function mark(id: number | undefined, began?: string): Promise<string> {
  const [space, , ownBegan] = (await processMark()).split('-');
  return `${space}-${id}-${began ?? ownBegan}`;
}

async function endedProcess(): Promise<number | undefined> {
  const child = spawn('true');
  await once(child, 'close');
  return child.pid;
}

describe('processMark', () => {
  test('is the same at every call, and fit for a file name', async () => {
    expect(await processMark()).toMatch(/^[0-9a-f]{8}-\d+-\d+$/);
    expect(await processMark()).toBe(await processMark());
  });
});

describe('isGone', () => {
  test('says no of this process, and of what cannot be known', async () => {
    const own = await processMark();
    const id = await endedProcess();
    for (const other of [own, `00000000-${id}-1`, '', 'x', `${own}-1`, `../${own}`]) {
      expect([other, await isGone(other)]).toEqual([other, false]);
    }
  });

  test('says yes of a process that has ended', async () => {
    expect(await isGone(await mark(await endedProcess()))).toBe(true);
  });

  test('says yes when another process has the number now', async () => {
    expect(await isGone(await mark(process.pid, '1'))).toBe(true);
  });

  test('says yes of one that was killed and not yet collected', async () => {
    // The shell becomes a sleep that knows nothing of the child that it has.
    const parent = spawn('sh', ['-c', 'sh -c "kill -9 \\$\\$" & echo $!; exec sleep 60']);
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const dead = await mark(Number(line.toString()), '1');
    await expect.poll(() => isGone(dead)).toBe(true);
  });
});
