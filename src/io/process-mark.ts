/** Marks of processes: whoever finds one on a disk can tell whether its process still runs. */
import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import process from 'node:process';
import { systemCode } from './system-error.ts';

/** The space in which process ids are valid, a process id, and when that process began. */
const MARK = /^([0-9a-f]{8})-(\d{1,10})-(\d{1,20})$/;

let ownMark: Promise<string> | undefined;

/** The mark of this process: hexadecimal digits and dashes, the same at every call. */
export function processMark(): Promise<string> {
  ownMark ??= makeMark();
  return ownMark;
}

/**
 * Whether the process of a mark has ended for certain. False of a mark from another machine, boot
 * or PID namespace, and of what is no mark.
 */
export async function isGone(mark: string): Promise<boolean> {
  const [, space, id, began] = MARK.exec(mark) ?? [];
  if (space === undefined || !(await processMark()).startsWith(`${space}-`)) return false;
  try {
    process.kill(Number(id), 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return true;
  }
  const found = await readStatus(`${id}`);
  // The number may have gone to another process since; and one that was killed keeps it for a while.
  return found !== undefined && (found.began !== began || 'ZX'.includes(found.state));
}

async function makeMark(): Promise<string> {
  const space = createHash('sha256')
    .update(await processSpace())
    .digest('hex')
    .slice(0, 8);
  return `${space}-${process.pid}-${(await readStatus('self'))?.began ?? '0'}`;
}

/** One boot of one machine and one PID namespace in it; where the system knows neither, the machine. */
async function processSpace(): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1');
    return boot + (await readlink('/proc/self/ns/pid'));
  } catch {
    return hostname();
  }
}

/** Fields 3 and 22 of proc_pid_stat(5); undefined where the system does not tell. */
async function readStatus(
  id: string,
): Promise<{ readonly state: string; readonly began: string } | undefined> {
  const text = await readFile(`/proc/${id}/stat`, 'latin1').catch(() => '');
  // The name before them stands in parentheses and may hold any of what separates fields.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, began] = [fields[0], fields[19]];
  return state === undefined || began === undefined ? undefined : { state, began };
}
