/** A place on disk for one test, and what can be wrong with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { processMark } from '../../src/io/process-mark.ts';

/** A directory that lives as long as the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ocipush-unit-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A directory that lives as long as the tests of the file that asks for it. */
export async function sharedDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ocipush-unit-'));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs the task while `directory` may not be entered, not even by root. */
export async function withoutPermission<T>(directory: string, task: () => Promise<T>): Promise<T> {
  const root = process.geteuid?.() === 0;
  await chmod(directory, 0);
  if (root) process.seteuid?.(65_534);
  try {
    return await task();
  } finally {
    if (root) process.seteuid?.(0);
    await chmod(directory, 0o700);
  }
}

/** The files below `directory` that this process has open; those without a name have their old one. */
export async function openFiles(directory: string): Promise<readonly string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const targets = await Promise.all(
    // One of them was that of the listing itself.
    descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith(`${directory}/`));
}

/** ESTABLISHED in /proc/net/tcp. */
const CONNECTED = '01';

/** How many connections to `127.0.0.1:port` there are that the client has not ended. */
export async function connectionsTo(host: string): Promise<number> {
  const port = Number(host.split(':')[1]).toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile('/proc/net/tcp', 'latin1');
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.filter(([, , remote, state]) => remote?.endsWith(`:${port}`) && state === CONNECTED)
    .length;
}

/** A directory such as a killed process leaves, of a process that has ended; its path. */
export async function abandonedIn(place: string, stem: string): Promise<string> {
  const child = spawn('true');
  await once(child, 'close');
  const [space] = (await processMark()).split('-');
  const path = join(place, `${stem}.${space}-${child.pid}-1-00000000.tmp`);
  await mkdir(join(path, 'below'), { recursive: true });
  return path;
}
